import { useId } from 'preact/hooks';
import type { BoardState } from '../live/board-state.js';
import { Lamp } from './lamp.js';

/** Search, what is shown, and how many calls there are. */
export function Toolbar({ state }: { readonly state: BoardState }) {
  const id = useId();
  const view = state.view.value;
  const parked = state.busy.value.length;
  const shown = state.rows.value.reduce((count, { park }) => count + (park === undefined ? 0 : 1), 0);
  return (
    <div class="toolbar">
      <div role="search" class="search">
        <label for={id}>Search</label>
        <input
          id={id}
          type="search"
          placeholder="caller, number, slot, parker or note"
          value={view.search}
          onInput={({ currentTarget }) => (state.view.value = { ...view, search: currentTarget.value })}
        />
      </div>
      <label class="check">
        <input
          type="checkbox"
          checked={view.showFree}
          onChange={({ currentTarget }) => (state.view.value = { ...view, showFree: currentTarget.checked })}
        />
        Show free slots
      </label>
      <p class="count" role="status" aria-label="Calls">
        {view.search === '' ? countText(parked) : `${shown} of ${countText(parked)}`}
      </p>
      <p class="legend" aria-label="What lamps show">
        <Lamp lamp="off" /> <Lamp lamp="early" /> <Lamp lamp="confirmed" />
      </p>
    </div>
  );
}

function countText(count: number): string {
  return `${count} ${count === 1 ? 'call' : 'calls'} parked`;
}
