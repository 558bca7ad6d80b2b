import type { BoardState } from '../live/board-state.js';

/** Whose board this is, and whether it is live. */
export function StatusLine({ state }: { readonly state: BoardState }) {
  const hello = state.hello.value;
  const live = state.connection.value === 'live';
  const words =
    state.connection.value === 'live'
      ? 'Live'
      : state.connection.value === 'connecting'
        ? 'Connecting…'
        : 'Connection lost; what is shown may be old. Connecting again…';
  return (
    <div class="status-line">
      {hello !== undefined && (
        <span>
          Tenant <b>{hello.tenantId}</b>
        </span>
      )}
      <span role="status" aria-label="Connection" class={live ? 'live' : 'not-live'}>
        {words}
      </span>
      {hello !== undefined && (
        <button type="button" class="quiet" onClick={() => (state.refused.value = { status: 0, detail: '' })}>
          Change tenant or token
        </button>
      )}
    </div>
  );
}
