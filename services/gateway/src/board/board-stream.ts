import type { BoardLot } from '@parkade/board';
import type { Clock } from '@parkade/clock';
import { Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import type { TenantView } from '@parkade/settings';
import { problemOf } from '../http/problem.js';
import type { BoardCaller } from './board-caller.js';
import type { BoardDeps } from './board-deps.js';
import type { EventWriter } from './event-writer.js';
import { SlotSink } from './slot-sink.js';

/** A stream ends after this long at the latest, and its page goes on with a new one. */
const MAX_STREAM_MS = 12 * 60 * 60_000;

/**
 * Feeds one page until the watch ends, its caller's token does, or what is returned is called. A refusal at once is returned, too.
 */
export function feedBoard(
  { principal, tenantId }: BoardCaller,
  resumeToken: string,
  events: EventWriter,
  deps: BoardDeps,
): (() => void) | Refused {
  const { clock, settings, cluster } = deps;
  const ends: (() => void)[] = [];
  const end = (): void => {
    for (const each of ends.splice(0)) each();
    events.end();
  };
  const refuse = (refused: Refused): void => {
    events.write('refused', problemOf(refused));
    end();
  };
  const ended = deps.watch({ tenantId, lotId: '', resumeToken }, new SlotSink(events, clock, refuse));
  if (ended instanceof Refused) return ended;
  ends.push(ended, expiry(principal.expiresAtMs, clock, refuse));
  const { subject, operator } = principal;
  events.write('hello', { resumed: resumeToken !== '', nowMs: clock.nowMs(), tenantId, subject, operator });
  const tellLots = (): void => events.write('lots', lotsOf(settings.tenant(tenantId)));
  tellLots();
  ends.push(settings.onChange((change) => change.kind === 'tenant' && change.tenantId === tenantId && tellLots()));
  if (operator) {
    ends.push(
      cluster.listen({
        now: (now) => events.write('cluster', now),
        handOffs: (handOffs) => events.write('handOffs', handOffs),
      }),
    );
  }
  return end;
}

function expiry(expiresAtMs: number, clock: Clock, refuse: (refused: Refused) => void): () => void {
  const leftMs = expiresAtMs - clock.nowMs();
  const refused =
    leftMs < MAX_STREAM_MS
      ? new Refused(Reason.UNAUTHENTICATED, 'The token has expired; get a new one.')
      : new Refused(Reason.DRAINING, 'The stream ends after 12 hours; go on with a new one.');
  const timer = clock.setTimer(Math.min(leftMs, MAX_STREAM_MS), () => refuse(refused));
  return () => timer.cancel();
}

function lotsOf(tenant: TenantView | undefined): readonly BoardLot[] {
  const lots = (tenant?.lots() ?? []).filter(({ hidden }) => !hidden);
  const shown = lots.map(({ lot_id, ranges }): BoardLot => ({ lotId: lot_id, ranges }));
  return shown.sort((a, b) => (a.lotId < b.lotId ? -1 : 1));
}
