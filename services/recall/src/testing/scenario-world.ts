import { MediaControl, ReleaseCause } from '@parkade/proto';
import type { Exit, LegNews } from '../machine/index.js';
import type { MediaDeed } from '../media/simulator.js';
import type { Operation } from '../run/owner-port.js';
import { FlowFile } from './flow-file.js';
import { callRef, type Process, World } from './world.js';

// Commands of a scenario: a verb, then words or `key=value`.
//
//   policy {"recall_to": ...}                     the tenant's recall policy (JSON)
//   disable                                       switches parking off
//   group sales {"members": [...]}                a ring group (JSON)
//   flow parking                                  the call flow of testdata/flows
//   phone 1001 desk,cell                          registers contacts; none: unregisters
//   busy 1002 | idle 1002
//   park p1 slot=701 parker=1001 ringback=2m callback=30s max=0 lot=main name=Bob media=caller group={...}
//   desk answered|busy|no-answer|failed|hung-up   what happens at a contact
//   pick up p1 by=B | confirm p1 | give back p1   the two halves of a pickup
//   extend p1 in=60s | caller of p1 hangs up | escape p1 to=5000 | break | mend
//   kill | start                                  the recall process
//   owner away | owner back
//   advance 45s

const SPAN_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const NEWS: readonly LegNews[] = ['answered', 'busy', 'no-answer', 'unregistered', 'failed', 'hung-up'];

/** A world that is told what happens in words, and tells what comes of it. */
export class ScenarioWorld {
  readonly #world = new World();
  #process: Process | undefined;
  #flow: FlowFile | undefined;
  readonly #lines: string[] = [];
  #requests = 0;
  #retrieveId = '';

  constructor() {
    this.#world.owner.onLine = (line) => this.#lines.push(line);
    this.#world.media.onDeed = (deed) => this.#lines.push(...this.#deedWords(deed).map((words) => `  ${words}`));
  }

  /** Plays one command; what it led to, line by line. */
  async run(line: string): Promise<string[]> {
    this.#process ??= this.#start();
    const [verb = '', ...rest] = line.split(/\s+/);
    await this.#play(verb, rest, line);
    await this.#world.clock.advance(0);
    return this.#told();
  }

  async #play(verb: string, rest: readonly string[], line: string): Promise<void> {
    const world = this.#world;
    const [first = '', second = ''] = rest;
    const words = new Map(rest.map((word) => splitWord(word)));
    switch (verb) {
      case 'policy':
        return world.setTenant({ recall: JSON.parse(line.slice(verb.length)) as unknown });
      case 'disable':
        return world.setTenant({ enabled: false });
      case 'group':
        return world.setRingGroup(first, JSON.parse(line.slice(line.indexOf('{'))));
      case 'flow': {
        const flow = new FlowFile(first);
        this.#flow = flow;
        world.branches.find = (park) => flow.find(park);
        return;
      }
      case 'phone':
        return world.media.register('acme', first, second === '' ? [] : second.split(','));
      case 'busy':
      case 'idle':
        return world.media.setBusy('acme', first, verb === 'busy');
      case 'park':
        return this.#park(first, words);
      case 'pick':
        return this.#pickUp(second, words.get('by') ?? 'B');
      case 'confirm':
        world.media.takeElsewhere(`call-${first}`);
        return this.#ask({ $case: 'confirmRetrieve', value: { ...this.#named(first), retrieveId: this.#retrieveId } });
      case 'give': {
        const value = { ...this.#named(second), retrieveId: this.#retrieveId, cause: 'failed' };
        return this.#ask({ $case: 'giveBackRetrieve', value });
      }
      case 'extend': {
        const recallIn = { seconds: spanMs(words.get('in') ?? '0') / 1000, nanos: 0 };
        return this.#ask({ $case: 'extendPark', value: { ...this.#named(first), recallIn } });
      }
      case 'caller': {
        world.media.callerHangsUp(`call-${second}`);
        const value = { ...this.#named(second), cause: ReleaseCause.ABANDONED, callId: '' };
        return this.#ask({ $case: 'release', value });
      }
      case 'escape': {
        const value = { ...this.#named(first), cause: ReleaseCause.ESCAPED, callId: '' };
        return this.#ask({ $case: 'release', value: { ...value, destination: words.get('to') ?? '' } });
      }
      case 'break':
      case 'mend':
        world.media.broken = verb === 'break';
        return;
      case 'kill':
        return this.#process?.kill();
      case 'start':
        this.#process = this.#start();
        return;
      case 'owner':
        world.owner.away = first === 'away';
        return;
      case 'advance':
        return world.clock.advance(spanMs(first));
      default: {
        const news = NEWS.find((each) => each === first);
        if (news === undefined || !world.media.act(verb, news)) throw new Error(`nothing rings there: ${line}`);
      }
    }
  }

  #park(parkId: string, words: ReadonlyMap<string, string>): void {
    const slot = words.get('slot') ?? '701';
    const flow = this.#flow?.policy(slot);
    const group = words.get('group');
    const policy = {
      ...flow,
      ...(words.has('ringback') || flow === undefined
        ? { ringbackTimeoutMs: spanMs(words.get('ringback') ?? '2m') }
        : {}),
      ...(words.has('callback') || flow === undefined
        ? { callbackTimeoutMs: spanMs(words.get('callback') ?? '30s') }
        : {}),
      maxParkMs: spanMs(words.get('max') ?? '0'),
      recall: group === undefined ? undefined : this.#world.recallTerms(JSON.parse(group) as object),
    };
    this.#world.park(parkId, {
      slot,
      lotId: words.get('lot') ?? 'main',
      parker: words.get('parker') ?? '1001',
      callerName: (words.get('name') ?? 'Bob').replaceAll('_', ' '),
      clusterMedia: words.get('media') !== 'caller',
      policy,
    });
  }

  #pickUp(parkId: string, by: string): void {
    const from = { $case: 'parkId' as const, value: parkId };
    const value = { ...this.#named(parkId), from, retriever: callRef(by, '', ''), mediaControl: MediaControl.CLUSTER };
    const outcome = this.#world.owner.apply({ $case: 'beginRetrieve', value: { ...value, giveUpAfter: undefined } });
    if (outcome.kind === 'done') this.#retrieveId = outcome.retrieveId;
  }

  #ask(op: Operation): void {
    this.#world.owner.apply(op);
  }

  #named(parkId: string): { requestId: string; tenantId: string; parkId: string } {
    return { requestId: `scenario-${++this.#requests}`, tenantId: 'acme', parkId };
  }

  #start(): Process {
    return this.#world.start();
  }

  /** What has happened since the last time, as it happened. */
  #told(): string[] {
    const defects = this.#world.defects.map((defect) => `defect: ${String(defect)}`);
    return [...this.#lines.splice(0), ...defects];
  }

  #deedWords(deed: MediaDeed): string[] {
    const contact = (legId: string): string => {
      const ring = this.#world.media.deeds.find((each) => each.kind === 'ring' && each.request.legId === legId);
      return ring?.kind === 'ring' ? ring.request.contact : 'nobody';
    };
    switch (deed.kind) {
      case 'ring': {
        const { ringMs, presentation, followForwarding } = deed.request;
        const alert = presentation.alertInfo === '' ? '' : `, alert ${presentation.alertInfo}`;
        const forward = followForwarding ? ', forwarded' : '';
        const from = `"${presentation.name}" <${presentation.number}>`;
        return [`rings ${deed.request.contact} for ${ringMs / 1000}s as ${from}${alert}${forward}`];
      }
      case 'cancel':
        return [`stops ${contact(deed.legId)} (${deed.cause})`];
      case 'connect':
        return [`connects ${deed.call} with ${contact(deed.legId)}`];
      case 'transfer':
        return [`sends ${deed.call} to ${exitWords(deed.exit)}`];
      case 'hold':
        return [`hold audio for ${deed.call}`];
      case 'hangup':
        return [`hangs up ${deed.call}`];
    }
  }
}

function exitWords(exit: Exit): string {
  const { to, ...rest } = exit;
  return [to, ...Object.values(rest)].join(' ');
}

function splitWord(word: string): [string, string] {
  const [key = '', value = ''] = word.split('=');
  return [key, value];
}

function spanMs(text: string): number {
  const [, count = '', unit = 's'] = /^([0-9.]+)(ms|s|m|h)?$/.exec(text) ?? [];
  if (count === '') throw new Error(`no time span: ${text}`);
  return Number(count) * (SPAN_UNITS[unit] ?? 1);
}
