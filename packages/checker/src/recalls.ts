/** What the store's history has of a park's recalls, in the order of revisions. */
export interface RecallChange {
  readonly parkId: string;
  readonly revision: number;
  /** `begun`: somebody is being rung; `over`: that attempt ended, or the park did. */
  readonly kind: 'begun' | 'over';
  /** The attempt, from 1. */
  readonly attempt: number;
}

/**
 * What must hold of recalls, whichever process died meanwhile. Each violation as a sentence.
 *
 *   1. Each attempt begins once: those of a park are 1, 2, 3 and so on.
 *   2. None begins while the one before rings.
 */
export function recallFaults(changes: readonly RecallChange[]): readonly string[] {
  const faults: string[] = [];
  const parks = new Map<string, { attempt: number; rings: boolean }>();
  for (const { parkId, revision, kind, attempt } of changes) {
    const known = parks.get(parkId) ?? { attempt: 0, rings: false };
    parks.set(parkId, known);
    if (kind === 'begun') {
      const at = `park ${parkId}: attempt ${attempt} at revision ${revision}`;
      if (attempt !== known.attempt + 1) faults.push(`${at} begins after attempt ${known.attempt}`);
      if (known.rings) faults.push(`${at} begins while attempt ${known.attempt} rings`);
      known.attempt = attempt;
    }
    known.rings = kind === 'begun';
  }
  return faults;
}
