import { isName } from '@parkade/ids';
import { FlowTerms } from '@parkade/proto';
import {
  below,
  type Checked,
  FieldReader,
  formatPath,
  isObject,
  type Issue,
  MAX_ISSUES,
  parseParkData,
} from '@parkade/settings';
import { flowTerms } from '../park/flow-terms.js';
import { FLOW_MODULES, type FlowModule, readTarget } from './flow-target.js';
import type { Flow, FlowNode } from './flow-tree.js';

/** A flow is at most this deep. */
export const MAX_FLOW_DEPTH = 16;

/** A flow has at most this many nodes. */
export const MAX_FLOW_NODES = 4_000;

/** What a `park` node says for single slots, and where it branches to, travels with the call: at most this long, in bytes. */
export const MAX_TERMS_BYTES = 48 * 1024;

/**
 * Reads a flow: `{"module", "data", "children"}`, or an object whose `flow` is that. At the root `module` may be left out: it is
 * `park` then, so that `data` and `children` alone are a flow. Every fault is reported, each with its path.
 */
export function parseFlow(json: unknown): Checked<Flow> {
  const reader = new FlowReader();
  const wrapped = isObject(json) && Object.hasOwn(json, 'flow') && !Object.hasOwn(json, 'module');
  const root = reader.read(wrapped ? json['flow'] : json, wrapped ? ['flow'] : []);
  if (root === undefined || reader.issues.length > 0) return { ok: false, issues: reader.issues.slice(0, MAX_ISSUES) };
  return { ok: true, value: { root, ignored: reader.ignored, ringGroups: reader.ringGroups } };
}

class FlowReader {
  readonly issues: Issue[] = [];
  readonly ignored: string[] = [];
  readonly ringGroups: { ringGroupId: string; path: string }[] = [];
  #nodes = 0;

  read(json: unknown, path: readonly string[], depth = 0): FlowNode | undefined {
    if (!isObject(json)) return this.#fault(path, 'must be an object');
    if (depth > MAX_FLOW_DEPTH) return this.#fault(path, `lies deeper than ${MAX_FLOW_DEPTH} nodes`);
    if (++this.#nodes > MAX_FLOW_NODES) {
      return this.#nodes === MAX_FLOW_NODES + 1
        ? this.#fault(path, `is one node too many: ${MAX_FLOW_NODES}`)
        : undefined;
    }
    const fields = new FieldReader(json, path, this.issues);
    const module = this.#module(fields, depth);
    const data = this.#object(fields, 'data');
    const children = this.#children(fields, depth);
    if (depth > 0) this.ignored.push(...fields.rest());
    if (module === undefined || data === undefined) return undefined;
    return module === 'park'
      ? this.#park(data, [...path, 'data'], children, json)
      : this.#target(module, data, [...path, 'data'], children, json);
  }

  #module(fields: FieldReader, depth: number): FlowModule | undefined {
    const before = this.issues.length;
    const module = fields.oneOf('module', FLOW_MODULES);
    if (module !== undefined || this.issues.length > before) return module;
    if (depth === 0) return 'park';
    return this.#fault([...fields.path, 'module'], `is required: one of ${FLOW_MODULES.join(', ')}`);
  }

  #children(fields: FieldReader, depth: number): ReadonlyMap<string, FlowNode> {
    const children = new Map<string, FlowNode>();
    for (const [key, json] of Object.entries(this.#object(fields, 'children') ?? {})) {
      const path = [...fields.path, 'children', key];
      if (!isName(key)) {
        this.#fault(path, 'the key must be a name: 1 to 64 printable ASCII characters without blanks');
        continue;
      }
      const child = this.read(json, path, depth + 1);
      if (child !== undefined) children.set(key, child);
    }
    return children;
  }

  #park(
    data: Readonly<Record<string, unknown>>,
    path: readonly string[],
    children: ReadonlyMap<string, FlowNode>,
    json: Readonly<Record<string, unknown>>,
  ): FlowNode | undefined {
    const checked = parseParkData(data);
    if (!checked.ok) {
      for (const issue of checked.issues) this.issues.push({ ...issue, path: below(formatPath(path), issue.path) });
      return undefined;
    }
    this.ignored.push(...checked.value.ignored.map((each) => below(formatPath(path), each)));
    const node = { module: 'park', data: checked.value, children, json } as const;
    const bytes = FlowTerms.encode(flowTerms('', node)).finish().length;
    if (bytes <= MAX_TERMS_BYTES) return node;
    const message = `with its children it is too long to travel with a call: ${bytes} bytes, at most ${MAX_TERMS_BYTES}`;
    return this.#fault([...path, 'slots'], message);
  }

  #target(
    module: Exclude<FlowModule, 'park'>,
    data: Readonly<Record<string, unknown>>,
    path: readonly string[],
    children: ReadonlyMap<string, FlowNode>,
    json: Readonly<Record<string, unknown>>,
  ): FlowNode | undefined {
    const fields = new FieldReader(data, path, this.issues);
    const target = readTarget(module, fields);
    if (target === undefined) return undefined;
    this.ignored.push(...fields.rest());
    if (target.to?.$case === 'ringGroup') {
      const key = Object.hasOwn(data, 'ring_group_id') ? 'ring_group_id' : 'id';
      this.ringGroups.push({ ringGroupId: target.to.value, path: formatPath([...path, key]) });
    }
    return { module, target, children, json };
  }

  /** An object that may be left out, or null. */
  #object(fields: FieldReader, key: string): Readonly<Record<string, unknown>> | undefined {
    const value = fields.take(key) ?? {};
    return isObject(value) ? value : this.#fault([...fields.path, key], 'must be an object');
  }

  #fault(path: readonly string[], message: string): undefined {
    this.issues.push({ path: formatPath(path), message });
    return undefined;
  }
}
