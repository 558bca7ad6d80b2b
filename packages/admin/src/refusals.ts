import { Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import type { Issue } from '@parkade/settings';

/** Input that is wrong; the first fault is told, with its path. */
export function invalid(issues: readonly Issue[]): Refused {
  const [first = { path: '', message: 'is wrong' }] = issues;
  const what = first.path === '' ? 'The request' : `The field ${first.path}`;
  return new Refused(Reason.INVALID_FIELD, `${what}: ${first.message}.`, { field: first.path });
}

/** One field that is wrong. */
export function invalidField(path: string, message: string): Refused {
  return invalid([{ path, message }]);
}

/** It is at another revision than the caller thinks; 0: it does not exist. */
export function revisionConflict(revision: number): Refused {
  const message = 'It was changed since it was read: read it again, and decide anew.';
  return new Refused(Reason.REVISION_CONFLICT, message, { revision: String(revision) });
}

/** The tenant has as many as it may have. */
export function tooMany(what: string, limit: number): Refused {
  return new Refused(Reason.TOO_MANY, `The tenant has ${limit} ${what} already, and may not have more.`, {
    limit: String(limit),
  });
}

export function tenantNotFound(tenantId: string): Refused {
  const message = `There is no tenant ${tenantId}: make it first, or start the gateway with automatic tenants.`;
  return new Refused(Reason.TENANT_NOT_FOUND, message, { tenant_id: tenantId });
}

export function groupNotFound(groupId: string): Refused {
  return new Refused(Reason.GROUP_NOT_FOUND, `There is no group ${groupId}.`, { group_id: groupId });
}

export function ringGroupNotFound(groupId: string): Refused {
  return new Refused(Reason.RING_GROUP_NOT_FOUND, `There is no ring group ${groupId}.`, { ring_group_id: groupId });
}

export function lotNotFound(lotId: string): Refused {
  return new Refused(Reason.LOT_NOT_FOUND, `There is no lot ${lotId}.`, { lot_id: lotId });
}

export function userNotFound(extension: string): Refused {
  return new Refused(Reason.USER_NOT_FOUND, `There is no user with the extension ${extension}.`, { extension });
}

/** Something else needs what is to be deleted. */
export function inUse(what: string, by: string): Refused {
  return new Refused(Reason.IN_USE, `${what} is needed by ${by}: change that first.`, { by });
}

/** Calls of an earlier lot of this name are where this one does not look for them. */
export function otherSpread(lotId: string, spread: number, slot: string): Refused {
  const message =
    `Calls wait in an earlier lot ${lotId} (one in slot ${slot}) that a spread of ${spread} would not find by their slots: ` +
    'make it with the spread it had, or retrieve or release these calls first.';
  return new Refused(Reason.IN_USE, message, { by: `a call in slot ${slot}`, field: 'spread' });
}

/** The store did not answer, or its settings are not known here in time. */
export function storeUnavailable(unknownOutcome: boolean): Refused {
  const outcome = unknownOutcome ? ' Whether it was done is not known: read before you repeat it.' : '';
  return new Refused(Reason.STORE_UNAVAILABLE, `The store does not answer in time; retry.${outcome}`);
}

/** The store has no space for what is to be written. */
export function storeFull(): Refused {
  const message =
    'The store has used up its space and takes no writes until an operator has made room (compact, defragment, disarm the alarm).';
  return new Refused(Reason.STORE_FULL, message);
}
