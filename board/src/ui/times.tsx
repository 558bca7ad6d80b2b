import { type ReadonlySignal, useComputed } from '@preact/signals';
import { clockText, untilText } from '../model/time-text.js';
import type { BoardPark } from '../wire.js';

/** How long since; the text alone changes as time goes by. */
export function Parked({ sinceMs, nowMs }: { readonly sinceMs: number; readonly nowMs: ReadonlySignal<number> }) {
  return <Ticking of={() => clockText(nowMs.value - sinceMs)} about={sinceMs} />;
}

/** How long until it comes back, or what happens to it just now. */
export function Until({ park, nowMs }: { readonly park: BoardPark; readonly nowMs: ReadonlySignal<number> }) {
  switch (park.state) {
    case 'ringback':
      return <span class="state">ringing {park.parker || 'somebody'}</span>;
    case 'retrieving':
      return <span class="state">being connected{park.retriever === '' ? '' : ` to ${park.retriever}`}</span>;
    case 'reserved':
      return <span class="state">held for a transfer</span>;
    case 'parked':
      return <Ticking of={() => untilText(park.recallAtMs, nowMs.value)} about={park.recallAtMs} />;
  }
}

/** `about` makes a new text of it when what it is about changes. */
function Ticking({ of, about }: { readonly of: () => string; readonly about: number }) {
  return <TickingText key={about} of={of} />;
}

function TickingText({ of }: { readonly of: () => string }) {
  const text = useComputed(of);
  return <span>{text}</span>;
}
