import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { BoardState } from '../live/board-state.js';
import type { Sort } from '../model/rows.js';
import { CallRow } from './call-row.js';

const COLUMNS: readonly { readonly sort?: Sort; readonly label: string }[] = [
  { sort: 'slot', label: 'Slot' },
  { label: 'Lamp' },
  { sort: 'caller', label: 'Caller' },
  { sort: 'parker', label: 'Parked by' },
  { label: 'Note' },
  { sort: 'parked', label: 'Parked for' },
  { sort: 'recall', label: 'Comes back in' },
];

/** How far PageUp and PageDown go. */
const PAGE_ROWS = 10;

export interface CallsTableProps {
  readonly state: BoardState;
  readonly onOpen: (parkId: string) => void;
}

/** Every call of the tenant. One stop of the Tab key; arrows go from row to row. */
export function CallsTable({ state, onOpen }: CallsTableProps) {
  const focused = useSignal('');
  const body = useRef<HTMLTableSectionElement>(null);
  const rows = state.rows.value;
  const view = state.view.value;
  const tabStop = rows.some(({ key }) => key === focused.value) ? focused.value : (rows[0]?.key ?? '');

  const onKeyDown = (event: KeyboardEvent): void => {
    const at = rows.findIndex(({ key }) => key === tabStop);
    const to = target(event.key, at, rows.length);
    const row = to === undefined ? undefined : rows[to];
    if (to === undefined || row === undefined) return;
    event.preventDefault();
    focused.value = row.key;
    const line = body.current?.rows[to];
    line?.querySelector('button')?.focus();
    line?.scrollIntoView({ block: 'nearest' });
  };
  const sortBy = (sort: Sort): void => {
    state.view.value = { ...view, sort, descending: view.sort === sort && !view.descending };
  };

  return (
    <div class="scroll">
      <table class="calls" aria-label="Parked calls">
        <thead>
          <tr>
            {COLUMNS.map(({ label, sort }) => (
              <th
                key={label}
                scope="col"
                aria-sort={sort !== view.sort ? undefined : view.descending ? 'descending' : 'ascending'}
              >
                {sort === undefined ? (
                  label
                ) : (
                  <button type="button" onClick={() => sortBy(sort)}>
                    {label}
                    <span aria-hidden="true">{sort !== view.sort ? '' : view.descending ? ' ▼' : ' ▲'}</span>
                  </button>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body} onKeyDown={onKeyDown}>
          {rows.map(({ key, slot, park }) => (
            <CallRow
              key={key}
              rowKey={key}
              slot={slot}
              park={park}
              nowMs={state.nowMs}
              tabStop={key === tabStop}
              focused={focused}
              onOpen={onOpen}
            />
          ))}
        </tbody>
      </table>
      {rows.length === 0 && state.synced.value && (
        <p class="empty">{view.search === '' ? 'No calls are parked.' : 'No call fits the search.'}</p>
      )}
    </div>
  );
}

/** The row a key goes to; undefined: it is none of the table's keys. */
function target(key: string, at: number, count: number): number | undefined {
  const last = count - 1;
  switch (key) {
    case 'ArrowDown':
      return Math.min(at + 1, last);
    case 'ArrowUp':
      return Math.max(at - 1, 0);
    case 'PageDown':
      return Math.min(at + PAGE_ROWS, last);
    case 'PageUp':
      return Math.max(at - PAGE_ROWS, 0);
    case 'Home':
      return 0;
    case 'End':
      return last;
    default:
      return undefined;
  }
}
