import { useSignal } from '@preact/signals';
import type { BoardState } from '../live/board-state.js';
import { CallDialog } from './call-dialog.js';
import { CallsTable } from './calls-table.js';
import { ClusterView } from './cluster-view.js';
import { SignIn } from './sign-in.js';
import { StatusLine } from './status-line.js';
import { Toolbar } from './toolbar.js';
import { usePage } from './use-page.js';

/** The whole page. */
export function App({ state }: { readonly state: BoardState }) {
  const page = usePage();
  const open = useSignal<string | undefined>(undefined);
  if (state.refused.value !== undefined) return <SignIn state={state} problem={state.refused.value} />;
  const operator = state.hello.value?.operator === true;
  const onCluster = operator && page === 'cluster';
  return (
    <>
      <a class="skip" href="#main">
        Skip to the board
      </a>
      <header>
        <h1>Park board</h1>
        <StatusLine state={state} />
        {operator && (
          <nav aria-label="Views">
            <a href="#calls" aria-current={onCluster ? undefined : 'page'}>
              Calls
            </a>
            <a href="#cluster" aria-current={onCluster ? 'page' : undefined}>
              Cluster
            </a>
          </nav>
        )}
      </header>
      <main id="main" tabIndex={-1}>
        {onCluster ? (
          <ClusterView state={state} />
        ) : (
          <>
            <Toolbar state={state} />
            <CallsTable state={state} onOpen={(parkId) => (open.value = parkId)} />
          </>
        )}
      </main>
      <CallDialog state={state} open={open} />
      <p class="visually-hidden" role="status" aria-label="Announcements">
        {state.announcement}
      </p>
    </>
  );
}
