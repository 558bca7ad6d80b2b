import { readFileSync } from 'node:fs';
import {
  DEFAULT_LOT_SETTINGS,
  DEFAULT_SYSTEM,
  DEFAULT_TENANT,
  flowLevels,
  parseParkData,
  resolvePolicy,
} from '@parkade/settings';
import type { Policy } from '@parkade/proto';
import type { Branch } from '../machine/index.js';
import type { Branches } from '../run/branches.js';

interface FlowNode {
  readonly module: string;
  readonly data: { readonly id?: string } & Readonly<Record<string, unknown>>;
  readonly children: Readonly<Record<string, FlowNode>>;
}

/** A call flow out of `testdata/flows`: what its `park` module says of a slot, and its children. */
export class FlowFile implements Branches {
  readonly #node: FlowNode;

  constructor(name: string) {
    const text = readFileSync(new URL(`../testdata/flows/${name}.json`, import.meta.url), 'utf8');
    this.#node = (JSON.parse(text) as { flow: FlowNode }).flow;
  }

  /** The policy of a park in this slot. */
  policy(slotId: string): Policy {
    const data = parseParkData(this.#node.data);
    if (!data.ok) throw new Error(JSON.stringify(data.issues));
    return resolvePolicy({
      slotId,
      ...flowLevels(data.value, slotId),
      lot: DEFAULT_LOT_SETTINGS,
      tenant: DEFAULT_TENANT,
      system: DEFAULT_SYSTEM,
      revision: 1,
    });
  }

  find({ slot }: { readonly slot: string }): Promise<Branch | undefined> {
    for (const child of [slot, '_']) {
      const node = this.#node.children[child];
      if (node !== undefined) return Promise.resolve({ child, exit: exitOf(node) });
    }
    return Promise.resolve(undefined);
  }
}

function exitOf({ module, data }: FlowNode): Branch['exit'] {
  const id = data.id ?? '';
  if (module === 'voicemail') return { to: 'voicemail', mailbox: id };
  if (module === 'ring_group') return { to: 'ring_group', ring_group_id: id };
  if (module === 'device' || module === 'user' || module === 'callflow') return { to: module, id };
  throw new Error(`no such module: ${module}`);
}
