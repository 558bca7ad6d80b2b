import type { FlowTarget } from '@parkade/proto';
import type { ParkData } from '@parkade/settings';
import type { FlowModule } from './flow-target.js';

/** A flow that was read and is good. */
export interface Flow {
  readonly root: FlowNode;
  /** Paths of keys that are none of ours: not refused, as the caller on the line would pay for it, but worth a log line. */
  readonly ignored: readonly string[];
  /** The ring groups it names, and where. */
  readonly ringGroups: readonly { readonly ringGroupId: string; readonly path: string }[];
}

interface NodeBase {
  readonly module: FlowModule;
  /** What comes next, by key: a slot, `MAX_SLOT_EXCEEDED`, or `_` for all else. */
  readonly children: ReadonlyMap<string, FlowNode>;
  /** The node as it was written. */
  readonly json: Readonly<Record<string, unknown>>;
}

export interface ParkNode extends NodeBase {
  readonly module: 'park';
  readonly data: ParkData;
}

export interface TargetNode extends NodeBase {
  readonly module: Exclude<FlowModule, 'park'>;
  readonly target: FlowTarget;
}

export type FlowNode = ParkNode | TargetNode;

/** The child for everything without a child of its own. */
export const WILDCARD_CHILD = '_';

/** The child for a call that found no slot up to the highest number it may use. */
export const MAX_SLOT_CHILD = 'MAX_SLOT_EXCEEDED';

/** The node at a path of child keys from the root; undefined when there is none. */
export function nodeAt(root: FlowNode, path: readonly string[]): FlowNode | undefined {
  let node: FlowNode | undefined = root;
  for (const key of path) node = node?.children.get(key);
  return node;
}

/** The child where a flow goes on: by the first of `keys` that there is, else `_`. */
export function childOf(node: FlowNode, ...keys: readonly string[]): { key: string; node: FlowNode } | undefined {
  for (const key of [...keys, WILDCARD_CHILD]) {
    const child = node.children.get(key);
    if (child !== undefined) return { key, node: child };
  }
  return undefined;
}
