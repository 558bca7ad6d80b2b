import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { BoardState } from '../live/board-state.js';
import { callerOf, type Row } from '../model/rows.js';
import { spokenText } from '../model/time-text.js';
import { CallActions } from './call-actions.js';
import { Lamp } from './lamp.js';
import { Parked, Until } from './times.js';

export interface CallDialogProps {
  readonly state: BoardState;
  /** The park that is open; undefined: none. */
  readonly open: Signal<string | undefined>;
}

/** One call with everything that can be done with it. Closes with Escape; the focus goes back to where it was. */
export function CallDialog({ state, open }: CallDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const last = useSignal<Row | undefined>(undefined);
  const parkId = open.value;
  const row = parkId === undefined ? undefined : state.park(parkId);
  useEffect(() => {
    if (row !== undefined) last.value = row;
  }, [row]);
  useEffect(() => {
    if (parkId === undefined) dialog.current?.close();
    else dialog.current?.showModal();
  }, [parkId]);
  const shown = row ?? last.value;
  const ended = parkId !== undefined && row === undefined;
  return (
    <dialog ref={dialog} aria-labelledby="call-title" onClose={() => (open.value = undefined)}>
      {parkId !== undefined && shown?.park !== undefined && (
        <>
          <div class="dialog-head">
            <h2 id="call-title">
              {callerOf(shown.park)} in slot {shown.slot.slot}
            </h2>
            <button type="button" onClick={() => (open.value = undefined)}>
              Close
            </button>
          </div>
          {ended ? (
            <p role="status" class="done">
              This call is not in slot {shown.slot.slot} any more.
            </p>
          ) : (
            <>
              <Details state={state} row={shown} />
              <CallActions key={parkId} state={state} slot={shown.slot} park={shown.park} />
            </>
          )}
        </>
      )}
    </dialog>
  );
}

function Details({ state, row: { slot, park } }: { readonly state: BoardState; readonly row: Row }) {
  if (park === undefined) return null;
  return (
    <dl>
      <dt>Number</dt>
      <dd>{park.callerNumber || 'not known'}</dd>
      <dt>Parked by</dt>
      <dd>{park.parker || 'not known'}</dd>
      <dt>Note</dt>
      <dd>{park.note || 'none'}</dd>
      <dt>Parked for</dt>
      <dd title={spokenText(state.nowMs.peek() - park.parkedAtMs)}>
        <Parked sinceMs={park.parkedAtMs} nowMs={state.nowMs} />
      </dd>
      <dt>Comes back in</dt>
      <dd>
        <Until park={park} nowMs={state.nowMs} />
      </dd>
      <dt>Recalls so far</dt>
      <dd>{park.recallAttempt}</dd>
      <dt>Lamp</dt>
      <dd>
        <Lamp lamp={slot.lamp} />
      </dd>
      <dt>Media node</dt>
      <dd>{park.mediaNode || 'none'}</dd>
    </dl>
  );
}
