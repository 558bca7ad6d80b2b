import { useSignal } from '@preact/signals';
import type { BoardState } from '../live/board-state.js';
import { myExtension } from '../live/session.js';
import { callerOf } from '../model/rows.js';
import type { BoardPark, BoardProblem, BoardSlot } from '../wire.js';
import { type ActionCommand, ActionForm } from './action-form.js';
import { Field, valueOf } from './field.js';
import { MoveForm } from './move-form.js';

export interface CallActionsProps {
  readonly state: BoardState;
  readonly slot: BoardSlot;
  readonly park: BoardPark;
}

type Outcome = { readonly done: string } | { readonly problem: BoardProblem } | undefined;

/** From now; 0: it stays until somebody takes it. */
const EXTENSIONS = [
  [60, '1 minute'],
  [300, '5 minutes'],
  [900, '15 minutes'],
  [0, 'never'],
] as const;

/** Everything a person can do with a parked call. */
export function CallActions({ state, slot, park }: CallActionsProps) {
  const outcome = useSignal<Outcome>(undefined);
  const busy = useSignal(false);
  const sure = useSignal(false);
  const { parkId } = park;
  const send = async (command: ActionCommand, done: string, meanwhile?: string): Promise<void> => {
    if (busy.value) return;
    busy.value = true;
    outcome.value = meanwhile === undefined ? undefined : { done: meanwhile };
    const problem = await state.command({ parkId, ...command });
    busy.value = false;
    outcome.value = problem === undefined ? { done } : { problem };
  };
  const retrieve = (form: HTMLFormElement): Promise<void> => {
    const extension = valueOf(form, 'extension');
    myExtension.set(extension);
    const meanwhile = park.clusterMedia ? `${extension} rings …` : undefined;
    return send({ do: 'retrieve', extension }, `${callerOf(park)} is yours.`, meanwhile);
  };
  return (
    <div class="actions" aria-busy={busy.value}>
      <ActionForm title="Retrieve" onSubmit={retrieve} primary>
        <Field name="extension" label="To my extension" value={myExtension.get()} required />
        {park.clusterMedia && (
          <p class="hint">Your phone rings: answer it, and you have the call. Or dial {slot.slot} from it.</p>
        )}
      </ActionForm>
      <ActionForm
        title="Recall now"
        onSubmit={() => send({ do: 'recall' }, `${park.parker || 'The parker'} is rung within a second.`)}
      />
      <MoveForm state={state} slot={slot} onMove={(to) => send({ do: 'move', ...to }, `Moved to slot ${to.slot}.`)} />
      <ActionForm
        title="Extend"
        onSubmit={(form) =>
          send({ do: 'extend', recallInSeconds: Number(valueOf(form, 'seconds')) }, 'The time was set.')
        }
      >
        <label class="field">
          Comes back in
          <select name="seconds" defaultValue="300">
            {EXTENSIONS.map(([seconds, label]) => (
              <option key={seconds} value={seconds} selected={seconds === 300}>
                {label}
              </option>
            ))}
          </select>
        </label>
      </ActionForm>
      <ActionForm
        title={sure.value ? 'Yes, release it' : 'Release'}
        danger
        onSubmit={() => {
          if (!sure.value) return void (sure.value = true);
          return send({ do: 'release' }, 'The slot is free.');
        }}
      >
        {sure.value && (
          <p class="hint">
            {park.clusterMedia
              ? 'The slot is freed, and the caller goes back to whoever parked him.'
              : 'The slot is freed, and nobody is connected with the caller.'}
          </p>
        )}
      </ActionForm>
      <Told outcome={outcome.value} />
    </div>
  );
}

function Told({ outcome }: { readonly outcome: Outcome }) {
  return (
    <>
      <p role="status" aria-label="Outcome" class="done">
        {outcome !== undefined && 'done' in outcome ? outcome.done : ''}
      </p>
      {outcome !== undefined && 'problem' in outcome && (
        <p role="alert" class="problem">
          {outcome.problem.detail}
        </p>
      )}
    </>
  );
}
