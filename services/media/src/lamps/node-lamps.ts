// The lamps and notices of one node's phones.
//   L1. A node hears the lamps of tenants that have `switch_lamps`, all of them whenever it is (again) connected.
//   L2. Of parked calls a node's phones are told by the node that holds the call, and by no other.
//   L3. What happened within the last minute before a connection is told again: at least once, and the same each time.
import type { Clock } from '@parkade/clock';
import { sendeventCommand } from '@parkade/esl';
import type { Log } from '@parkade/rpc';
import { codesOf, type TenantView } from '@parkade/settings';
import { domainOf } from '../calls/tenant-rules.js';
import { DEFAULT_SIP_PROFILE, type MediaConfig } from '../config.js';
import type { Notice } from '../notices/notice-board.js';
import { noticeText, notifyCommand, toldOf } from '../notices/park-info.js';
import type { NodeSwitch } from '../switch/node-switch.js';
import type { LampFeed } from './lamp-feed.js';
import type { LampShown } from './lamp-board.js';
import { presenceIn } from './presence-in.js';
import { SwitchEvents } from './switch-events.js';

const MAX_QUEUED = 100_000;
const TOLD_AGAIN_MS = 60_000;

export interface NodeLampsDeps {
  readonly node: string;
  readonly sw: NodeSwitch;
  readonly clock: Clock;
  readonly log: Log;
  readonly config: Pick<MediaConfig, 'tenants' | 'codes' | 'domains' | 'sipProfile'>;
  readonly settingsOf: (tenantId: string) => TenantView | undefined;
  readonly groupOf: (tenantId: string, extension: string) => string | undefined;
  readonly feed: Pick<LampFeed, 'lamps' | 'noticesSince'>;
}

export class NodeLamps {
  readonly #events: SwitchEvents;
  #count = 0;

  constructor(private readonly deps: NodeLampsDeps) {
    const fire: ConstructorParameters<typeof SwitchEvents>[0]['fire'] = (event) => deps.sw.fire(event);
    this.#events = new SwitchEvents({ fire, overflow: () => this.onUp(), maxQueued: MAX_QUEUED });
  }

  /** The switch can be told things. */
  onUp(): void {
    this.onLamps(this.deps.feed.lamps());
    this.onNotices(this.deps.feed.noticesSince(this.deps.clock.nowMs() - TOLD_AGAIN_MS));
  }

  onDown(): void {
    this.#events.clear();
  }

  onLamps(lamps: readonly LampShown[]): void {
    if (!this.deps.sw.isUp) return;
    for (const { tenantId, presenceId, state } of lamps) {
      if (this.deps.settingsOf(tenantId)?.settings.switch_lamps !== true) continue;
      const domain = domainOf(this.deps.config, tenantId);
      if (domain === undefined && !presenceId.includes('@')) continue;
      const headers = presenceIn(presenceId, domain ?? '', state, ++this.#count);
      this.#events.offer(sendeventCommand('PRESENCE_IN', headers));
    }
  }

  onNotices(notices: readonly Notice[]): void {
    if (!this.deps.sw.isUp) return;
    for (const notice of notices) if (notice.occupant.mediaNode === this.deps.node) this.#tell(notice);
  }

  #tell(notice: Notice): void {
    const { config, settingsOf, groupOf } = this.deps;
    const { tenantId } = notice;
    const view = settingsOf(tenantId);
    const domain = domainOf(this.deps.config, tenantId);
    const settings = view?.settings.park_info;
    if (settings === undefined || domain === undefined) return;
    const group = (extension: string): ReturnType<TenantView['group']> =>
      view?.group(groupOf(tenantId, extension) ?? '');
    const text = noticeText(notice, codesOf(view?.settings.codes, config.codes));
    for (const extension of toldOf(notice, settings, group)) {
      this.#events.offer(notifyCommand(extension, domain, config.sipProfile ?? DEFAULT_SIP_PROFILE, text));
    }
  }
}
