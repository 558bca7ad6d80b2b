import type { Clock } from '@parkade/clock';
import { type Actor, type CommandAnswer, Reason } from '@parkade/proto';
import type { Log } from '@parkade/rpc';
import type { SettingsCache } from '@parkade/settings';
import type { Committer } from '../commit/committer.js';
import type { ReadFence } from '../commit/fence.js';
import type { Change } from '../commit/write.js';
import { reservationOf } from './decide/complete.js';
import { decide } from './decide/decide.js';
import type { DecideContext, Decision } from './decide/decision.js';
import { holdAsItStands } from './decide/move.js';
import type { LoneWriteHost, LoneWrites } from './lone-writes.js';
import { type Failure, failureOf, fullLot } from './failures.js';
import { asked } from './operation.js';
import { outOfTime, type Pending, refusalAnswer } from './pending.js';
import { journalled, type Requests } from './requests.js';
import { decideRoute, isLedHere } from './route.js';
import type { SlotEntry } from './slot-table.js';

/** The shard, as those of its commands see it that are being executed. */
export interface ExecutionHost extends LoneWriteHost {
  readonly number: number;
  readonly requests: Requests;
  /** `by`: who asks through an API. */
  context(by?: Actor): DecideContext;
  /** A write was queued; it is settled by the committer. */
  writeBegun(): void;
  /** To be executed, now or later, here or elsewhere. */
  submit(pending: Pending): void;
  /** The epoch did not stand when this command's answer was to be proved: it is decided again. */
  refuted(pending: Pending, epoch: number): void;
  reload(): Promise<void>;
}

export interface ExecutionDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: SettingsCache;
  readonly committer: Committer;
  readonly fence: ReadFence;
  /** Hears of what was refused for want of room. */
  readonly failed: (tenantId: string, failure: Failure) => void;
}

/** Executes commands against the committed state: asks the journal, decides, then writes or proves. */
export class Execution {
  constructor(
    private readonly host: ExecutionHost,
    private readonly lone: LoneWrites,
    private readonly deps: ExecutionDeps,
  ) {}

  /** Executes a command. One that we cannot deal with must not take the process, and all its shards, with it. */
  run(pending: Pending): void {
    try {
      this.#execute(pending);
    } catch (error) {
      this.defect(error, pending);
    }
  }

  /** Something of ours is wrong: told, and whoever waits for it hears INTERNAL. */
  defect(error: unknown, pending?: Pending): void {
    const stack = error instanceof Error ? error.stack : undefined;
    this.deps.log.error('defect', { shard: this.host.number, error: stack ?? String(error) });
    if (pending !== undefined) {
      this.host.give(pending, refusalAnswer(Reason.INTERNAL, 'Something went wrong in Parkade; nothing was changed.'));
    }
  }

  #execute(pending: Pending): void {
    const { clock, settings } = this.deps;
    const { command } = pending;
    const { op } = command;
    if (clock.monotonicMs() >= pending.deadlineMs) {
      this.host.give(pending, outOfTime());
      return;
    }
    if (op === undefined) {
      this.host.give(
        pending,
        refusalAnswer(Reason.MALFORMED_MESSAGE, 'The command has no operation this version knows.'),
      );
      return;
    }
    if (!settings.hasSeen(command.settingsRevision)) {
      this.#awaitSettings(pending);
      return;
    }
    const { requestId, tenantId } = asked(op);
    const known = requestId === undefined ? undefined : this.host.requests.lookUp(pending, requestId);
    if (known?.kind === 'joined') return;
    if (known?.kind === 'answer') {
      const { answer } = known;
      const held = op.$case === 'holdForMove';
      this.#prove(pending, held ? holdAsItStands(answer, requestId ?? '', this.host.context()) : answer);
      return;
    }
    const tenant = settings.tenant(tenantId);
    if (op.$case === 'routeChoice') {
      const previous = known?.kind === 'routed' ? known.previous : undefined;
      const { parkId } = op.value;
      const left = parkId === '' ? undefined : reservationOf(parkId, tenantId, this.host.context());
      const reserved = parkId === '' ? undefined : (left ?? previous?.reserved ?? command.reserved);
      const answer = decideRoute(op.value, tenant?.lot(op.value.lotId), previous, reserved);
      if (answer.result?.$case !== 'route') return this.#prove(pending, answer);
      this.write([], { pending, answer, requestId });
      const { to, beyondMax } = answer.result.value;
      if (to?.$case === 'full') this.deps.failed(tenantId, fullLot(op.value.lotId, beyondMax));
    } else {
      const decision = decide(command, op, tenant, this.host.context(command.by));
      this.#act(pending, decision, requestId);
      this.#tell(tenantId, decision);
    }
  }

  #tell(tenantId: string, decision: Decision): void {
    if (decision.kind !== 'answer') return;
    const { answer, fullLotId } = decision;
    const failure = fullLotId === undefined ? failureOf(answer) : fullLot(fullLotId);
    if (failure !== undefined) this.deps.failed(tenantId, failure);
  }

  #act(pending: Pending, decision: Decision, requestId: string | undefined): void {
    switch (decision.kind) {
      case 'write':
        this.write(decision.changes, { pending, answer: decision.answer, requestId });
        return;
      case 'wait':
        this.host.wait(pending, decision.entry);
        return;
      case 'answer': {
        const { answer, fence } = decision;
        const remember = answer.result?.$case === 'partFull' && isLedHere(pending.command);
        if (remember) this.write([], { pending, answer, requestId });
        else if (fence) this.#prove(pending, answer);
        else this.host.give(pending, answer);
        return;
      }
      case 'move-across':
        this.lone
          .moveAcross(pending, decision.change, decision.to, decision.answer, requestId ?? '')
          .catch((error: unknown) => this.defect(error, pending));
        return;
      case 'settle':
        this.settle(decision.entry, decision.drop ? decision.moveId : undefined, pending);
    }
  }

  /** Looks at a held slot again; see `LoneWrites.settle`. Never throws. */
  settle(entry: SlotEntry, dropMoveId: string | undefined, pending: Pending | undefined): void {
    this.lone.settle(entry, dropMoveId, pending).catch((error: unknown) => {
      this.defect(error, pending);
      // Its slot counts as being written: only a fresh look opens it again.
      void this.host.reload();
    });
  }

  /** Queues a write and claims its slots; `asked`: who is answered once it is durable. Throws, and does nothing, on a defect. */
  write(
    changes: readonly Change[],
    asked?: { readonly pending: Pending; readonly answer: CommandAnswer; readonly requestId: string | undefined },
  ): void {
    const { pending, answer, requestId } = asked ?? {};
    const remembers = pending !== undefined && answer !== undefined && requestId !== undefined;
    const journal = remembers ? journalled(pending, answer, requestId) : undefined;
    // Both may throw, so they come before anything is claimed.
    this.deps.committer.enqueue({ source: this.host, changes, pending, answer, journal });
    for (const { entry, record } of changes) {
      this.host.live.table.claim(entry, record.parks.at(-1)?.call, record.parks.length);
    }
    if (remembers) this.host.requests.begin(pending, requestId);
    this.host.writeBegun();
  }

  #awaitSettings(pending: Pending): void {
    const leftMs = pending.deadlineMs - this.deps.clock.monotonicMs();
    void this.deps.settings.waitFor(pending.command.settingsRevision, leftMs).then((seen) => {
      if (seen) this.host.submit(pending);
      else
        this.host.give(
          pending,
          refusalAnswer(Reason.STORE_UNAVAILABLE, 'The settings of this owner lag behind; ask again.'),
        );
    });
  }

  /** Gives an answer that changed nothing once it is proved that this process was the owner when it was decided. */
  #prove(pending: Pending, answer: CommandAnswer): void {
    const { epoch, number, ownerKey } = this.host;
    this.deps.fence.check({ shard: number, ownerKey, epoch }, (result) => {
      if (result === 'yes') {
        answer.fenced = true;
        this.host.give(pending, answer);
      } else if (result === 'no') this.host.refuted(pending, epoch);
      else {
        const message = 'The store did not answer; ask again with the same request id.';
        this.host.give(pending, refusalAnswer(Reason.STORE_UNAVAILABLE, message));
      }
    });
  }
}
