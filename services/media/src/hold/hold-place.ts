import { DEFAULT_LOT, EXTENSION_LOT } from '@parkade/ids';
import type { Park } from '@parkade/proto';
import { resolveHold } from '@parkade/settings';
import type { NodeContext, Visit } from '../calls/context.js';
import { parkTarget } from '../calls/targets.js';
import { holdSound } from './hold-sound.js';

/** Where a call waits, or is about to. */
export type Place = Pick<Park, 'tenantId' | 'lotId' | 'slot'>;

/** What a call hears there; undefined: it waits nowhere that is known. */
export function soundAt({ config, settingsOf, promptAt }: NodeContext, place: Place | undefined): string {
  const rule = config.tenants.find(({ tenantId }) => tenantId === place?.tenantId);
  const hold = place === undefined ? undefined : resolveHold(settingsOf(place.tenantId), place);
  const id = hold?.promptFileId;
  const prompt = place === undefined || id === undefined ? undefined : promptAt(place.tenantId, id);
  return holdSound(hold, { music: rule?.music ?? 'moh', prompt });
}

/** Where a visit wants its call to wait, as far as is known before it has a slot. */
export function wishedPlace(visit: Visit): Place {
  const { tenantId, lotId = DEFAULT_LOT } = visit.rule;
  const target = parkTarget(visit)?.kind;
  switch (target?.$case) {
    case 'slot':
      return { tenantId, lotId, slot: target.value.slot };
    case 'extension':
      return { tenantId, lotId: EXTENSION_LOT, slot: target.value.extension };
    case 'group':
      return { tenantId, lotId: EXTENSION_LOT, slot: '' };
    case 'lot':
    case undefined:
      return { tenantId, lotId, slot: '' };
  }
}
