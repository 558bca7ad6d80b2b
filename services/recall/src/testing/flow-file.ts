import { readFileSync } from 'node:fs';
import { childOf, parseFlow, type ParkNode, recallBranch } from '@parkade/flow';
import type { Policy } from '@parkade/proto';
import { DEFAULT_LOT_SETTINGS, DEFAULT_SYSTEM, DEFAULT_TENANT, flowLevels, resolvePolicy } from '@parkade/settings';
import type { Branch } from '../machine/index.js';
import type { Branches } from '../run/branches.js';

/** A call flow out of `testdata/flows`, read as a stored one is: what its `park` module says of a slot, and its children. */
export class FlowFile implements Branches {
  readonly #node: ParkNode;

  constructor(name: string) {
    const text = readFileSync(new URL(`../testdata/flows/${name}.json`, import.meta.url), 'utf8');
    const flow = parseFlow(JSON.parse(text));
    if (!flow.ok) throw new Error(JSON.stringify(flow.issues));
    if (flow.value.root.module !== 'park') throw new Error(`${name} does not begin with park`);
    this.#node = flow.value.root;
  }

  /** The policy of a park in this slot. */
  policy(slotId: string): Policy {
    return resolvePolicy({
      slotId,
      ...flowLevels(this.#node.data, slotId),
      lot: DEFAULT_LOT_SETTINGS,
      tenant: DEFAULT_TENANT,
      system: DEFAULT_SYSTEM,
      revision: 1,
    });
  }

  find({ slot }: { readonly slot: string }): Promise<Branch | undefined> {
    const child = childOf(this.#node, slot);
    const target = child === undefined || child.node.module === 'park' ? undefined : child.node.target;
    return Promise.resolve(child && recallBranch({ flowId: '', child: child.key, target }));
  }
}
