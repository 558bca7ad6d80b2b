import type { FlowTarget } from '@parkade/proto';
import { type FieldReader, formatPath } from '@parkade/settings';

/**
 * The modules a flow may have. `park` is carried out here; every other one hands the call to a target, named by its `data`:
 *
 *   | module        | `data`                             | the call goes to                              |
 *   | `voicemail`   | `id`                               | that voice mailbox                            |
 *   | `device`      | `id`                               | that device                                   |
 *   | `user`        | `id`                               | that user, all his devices                    |
 *   | `ring_group`  | `id` (or `ring_group_id`)          | that stored ring group                        |
 *   | `callflow`    | `id`                               | that call flow, at the flow engine            |
 *   | `destination` | `destination`                      | the dial plan, 1 to 128 printable characters  |
 */
export const FLOW_MODULES = ['park', 'voicemail', 'device', 'user', 'ring_group', 'callflow', 'destination'] as const;
export type FlowModule = (typeof FLOW_MODULES)[number];

/** Reads the `data` of every module but `park`; undefined when it is wrong, which `reader.issues` says. */
export function readTarget(module: Exclude<FlowModule, 'park'>, reader: FieldReader): FlowTarget | undefined {
  switch (module) {
    case 'voicemail':
    case 'device':
    case 'user':
    case 'callflow': {
      const value = readId(reader, 'id', module);
      return value === undefined ? undefined : { to: { $case: module, value } };
    }
    case 'ring_group': {
      const key = Object.hasOwn(reader.json, 'ring_group_id') ? 'ring_group_id' : 'id';
      const value = readId(reader, key, module);
      return value === undefined ? undefined : { to: { $case: 'ringGroup', value } };
    }
    case 'destination': {
      const value = reader.take('destination');
      if (typeof value === 'string' && /^[\x21-\x7e]{1,128}$/.test(value)) return { to: { $case: module, value } };
      fault(reader, 'destination', 'must be 1 to 128 printable ASCII characters without blanks');
      return undefined;
    }
  }
}

function readId(reader: FieldReader, key: string, module: FlowModule): string | undefined {
  const before = reader.issues.length;
  const value = reader.name(key);
  if (value === undefined && reader.issues.length === before) {
    fault(reader, key, `is required: the id of the ${module.replace('_', ' ')}`);
  }
  return value;
}

function fault(reader: FieldReader, key: string, message: string): void {
  reader.issues.push({ path: formatPath([...reader.path, key]), message });
}
