import { type LotTarget, Selection, type SlotTarget, type Target } from '@parkade/proto';
import { ownExtension, type Visit } from './context.js';

/** Where the call is to be parked. Undefined: the parker is in no group. */
export function parkTarget(visit: Visit): Target | undefined {
  const { wish, rule } = visit;
  switch (wish.kind) {
    case 'park-next':
      return anySlot(visit);
    case 'auto':
    case 'retrieve':
      return { kind: { $case: 'slot', value: { lotId: rule.lotId ?? '', slot: wish.slot } } };
    case 'park-extension':
    case 'retrieve-extension':
    case 'auto-extension': {
      const extension = namedExtension(visit);
      return { kind: { $case: 'extension', value: { extension } } };
    }
    case 'park-group': {
      const groupId = visit.groupOf(rule.tenantId, ownExtension(visit));
      return groupId === undefined ? undefined : { kind: { $case: 'group', value: { groupId } } };
    }
  }
}

/** The next free slot of the tenant's lot. */
export function anySlot({ rule }: Visit): Target {
  const lot: LotTarget = { lotId: rule.lotId ?? '', selection: Selection.UNSPECIFIED, maxSlotNumber: 0 };
  return { kind: { $case: 'lot', value: lot } };
}

/** Where a call is to be taken from; undefined: the code parks. */
export function retrieveFrom(
  visit: Visit,
):
  | { readonly $case: 'slot'; readonly value: SlotTarget }
  | { readonly $case: 'extension'; readonly value: { readonly extension: string } }
  | undefined {
  const { wish, rule } = visit;
  switch (wish.kind) {
    case 'auto':
    case 'retrieve':
      return { $case: 'slot', value: { lotId: rule.lotId ?? '', slot: wish.slot } };
    case 'retrieve-extension':
    case 'auto-extension': {
      const extension = namedExtension(visit);
      return { $case: 'extension', value: { extension } };
    }
    case 'park-next':
    case 'park-extension':
    case 'park-group':
      return undefined;
  }
}

/** The extension a code names; without one, the caller's own. */
function namedExtension(visit: Visit): string {
  const { wish } = visit;
  const named = wish.kind === 'park-extension' || wish.kind === 'retrieve-extension' ? wish.extension : '';
  return named === '' ? ownExtension(visit) : named;
}
