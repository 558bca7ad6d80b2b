import type { ReadonlySignal, Signal } from '@preact/signals';
import { memo } from 'preact/compat';
import type { BoardPark, BoardSlot } from '../wire.js';
import { callerOf } from '../model/rows.js';
import { Lamp } from './lamp.js';
import { Parked, Until } from './times.js';

export interface CallRowProps {
  readonly rowKey: string;
  readonly slot: BoardSlot;
  readonly park: BoardPark | undefined;
  readonly nowMs: ReadonlySignal<number>;
  /** Whether the Tab key stops here. */
  readonly tabStop: boolean;
  readonly focused: Signal<string>;
  readonly onOpen: (parkId: string) => void;
}

/** One call, or a free slot. Drawn again only when its own slot changes; the times tick by themselves. */
export const CallRow = memo(function CallRow({ rowKey, slot, park, nowMs, tabStop, focused, onOpen }: CallRowProps) {
  const open = (): void => {
    if (park !== undefined) onOpen(park.parkId);
  };
  return (
    <tr class={park?.state ?? 'free'} data-slot={slot.slot} onClick={open}>
      <th scope="row">
        <button
          type="button"
          class="slot"
          tabIndex={tabStop ? 0 : -1}
          aria-label={labelOf(slot, park)}
          aria-haspopup={park === undefined ? undefined : 'dialog'}
          aria-disabled={park === undefined ? 'true' : undefined}
          onFocus={() => (focused.value = rowKey)}
        >
          {slot.slot}
          {slot.lotId !== 'default' && <small> {slot.lotId}</small>}
        </button>
      </th>
      <td>
        <Lamp lamp={slot.lamp} />
      </td>
      <td>
        {park === undefined ? (
          <span class="muted">free</span>
        ) : (
          <>
            <b>{callerOf(park)}</b>
            {park.callerNumber !== '' && park.callerName !== '' && <small> {park.callerNumber}</small>}
          </>
        )}
      </td>
      <td>{park?.parker}</td>
      <td class="note">{park?.note}</td>
      <td class="time">{park !== undefined && <Parked sinceMs={park.parkedAtMs} nowMs={nowMs} />}</td>
      <td class="time">{park !== undefined && <Until park={park} nowMs={nowMs} />}</td>
    </tr>
  );
});

function labelOf({ slot, lotId }: BoardSlot, park: BoardPark | undefined): string {
  const place = lotId === 'default' ? `Slot ${slot}` : `Slot ${slot} of ${lotId}`;
  return park === undefined ? `${place}, free` : `${place}, ${callerOf(park)}`;
}
