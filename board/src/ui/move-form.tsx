import { useId } from 'preact/hooks';
import type { BoardState } from '../live/board-state.js';
import type { BoardSlot } from '../wire.js';
import { ActionForm } from './action-form.js';
import { Field, valueOf } from './field.js';

/** Free slots that are offered. */
const OFFERED = 50;

export interface MoveFormProps {
  readonly state: BoardState;
  readonly slot: BoardSlot;
  readonly onMove: (to: { readonly lotId: string; readonly slot: string }) => Promise<void>;
}

/** Moves a call to another slot of its lot; free ones are offered. */
export function MoveForm({ state, slot: { lotId }, onMove }: MoveFormProps) {
  const id = useId();
  const free = state.free.value.filter((slot) => slot.lotId === lotId).slice(0, OFFERED);
  return (
    <ActionForm title="Move" onSubmit={(form) => onMove({ lotId, slot: valueOf(form, 'slot') })}>
      <Field name="slot" label="To slot" list={id} required />
      <datalist id={id}>
        {free.map(({ slot }) => (
          <option key={slot} value={slot} />
        ))}
      </datalist>
    </ActionForm>
  );
}
