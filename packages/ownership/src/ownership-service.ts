import { type HandOffRequest as WireRequest, type HandOffResponse, OwnershipServiceService } from '@parkade/proto';
import { type MountedService, unary } from '@parkade/rpc';
import type { HandOffRequest, HandOffResult } from './hand-off.js';
import { refusalToWire, requestFromWire } from './hand-off-wire.js';

/**
 * `parkade.ownership.v1.OwnershipService` for a server. `handOffOf` finds who owns partitions of a role here (a process may
 * have several); undefined: nobody. `onDefect` hears of bugs.
 */
export function ownershipService(
  handOffOf: (role: string) => ((request: HandOffRequest) => Promise<HandOffResult>) | undefined,
  onDefect: (error: unknown) => void,
): MountedService {
  const handOff = unary<WireRequest, HandOffResponse>(async (wire) => {
    const request = requestFromWire(wire);
    const result: HandOffResult = (await handOffOf(request.role)?.(request)) ?? NOT_OWNER;
    return result.ok ? { epoch: result.epoch } : refusalToWire(result);
  }, onDefect);
  return { definition: OwnershipServiceService, implementation: { handOff } };
}

const NOT_OWNER: HandOffResult = { ok: false, reason: 'not-owner' };
