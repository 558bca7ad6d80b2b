import type { Operation } from './history.js';
import { linearize } from './linearize.js';

/** Why the histories of these slots are not linearizable, or were not decided; empty: all are. Each slot is checked alone. */
export function checkSlots(history: readonly Operation[], maxConfigurations?: number): readonly string[] {
  const bySlot = new Map<string, Operation[]>();
  for (const operation of history) {
    const operations = bySlot.get(operation.slot) ?? [];
    bySlot.set(operation.slot, operations);
    operations.push(operation);
  }
  return [...bySlot].flatMap(([slot, operations]) => {
    const result = linearize(operations, maxConfigurations);
    switch (result.kind) {
      case 'yes':
        return [];
      case 'undecided':
        return [`slot ${slot}: undecided, ${operations.length} operations`];
      case 'no': {
        const around = result.explained.slice(-5).map(describe).join('\n    ');
        const stuck = result.stuck.map(describe).join('\n    ');
        return [`slot ${slot}: not linearizable. After\n    ${around}\n  none of these can follow:\n    ${stuck}`];
      }
    }
  });
}

function describe({ name, action, outcome, askedAt, answeredAt }: Operation): string {
  return `${name} [${askedAt.toFixed(1)}, ${answeredAt.toFixed(1)}] ${JSON.stringify(action)} → ${JSON.stringify(outcome)}`;
}
