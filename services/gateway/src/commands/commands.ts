import type { Clock, Random } from '@parkade/clock';
import { TAKES } from '@parkade/identity';
import { EXTENSION_LOT, newRequestId } from '@parkade/ids';
import { type Actor, type CommandAnswer, type MoveParkRequest, OnOccupied, type ParkRequest } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import type { LotSettings } from '@parkade/settings';
import type { Deadline } from '../deadline.js';
import type { Settings } from '../ports.js';
import type { Delivery } from '../routing/delivery.js';
import type { Order } from '../routing/owner-link.js';
import { publicAnswer } from './answers.js';
import { checkCommand } from './check.js';
import { fingerprint } from './fingerprint.js';
import type { Moving } from './moving.js';
import type { Arrival, Parking } from './parking.js';
import type { Place, Places } from './place.js';
import type { PublicAnswer, PublicCommand } from './public-command.js';

export interface CommandsDeps {
  readonly settings: Settings;
  readonly isRegistered: (mediaNode: string) => boolean;
  readonly places: Places;
  readonly delivery: Delivery;
  readonly parking: Parking;
  readonly moving: Moving;
  readonly clock: Clock;
  readonly random: Random;
}

/** Does every public command, whichever way it came: checked, routed, brought to its owner, its answer translated. */
export class Commands {
  constructor(private readonly deps: CommandsDeps) {}

  /**
   * Resolves at the deadline at the latest. Rejects only on a defect. `trace`: the traceparent it is part of; `by`: who asks
   * through an API, kept with a take.
   */
  async execute(given: PublicCommand, deadline: Deadline, trace = '', by?: Actor): Promise<PublicAnswer | Refused> {
    const { clock, isRegistered, settings } = this.deps;
    const refused = checkCommand(given, clock.nowMs(), isRegistered);
    if (refused !== undefined) return refused;
    const command = this.#identified(given);
    const place = await this.#place(command, deadline);
    if (place instanceof Refused) return place;
    const answer = await this.#send(command, place, deadline, {
      shard: place.shard,
      settingsRevision: settings.revision,
      fingerprint: command.$case === 'getSlot' ? 0 : fingerprint(command),
      part: 0,
      lotId: '',
      trace,
      ...(by !== undefined && TAKES.has(command.$case) ? { by } : {}),
      op: command.$case === 'movePark' ? undefined : command,
    });
    return answer instanceof Refused ? answer : publicAnswer(command.$case, answer);
  }

  /** With a request id: the client's, or a new one. */
  #identified(command: PublicCommand): PublicCommand {
    if (command.$case === 'getSlot' || command.value.requestId !== '') return command;
    const requestId = newRequestId(this.deps.clock.nowMs(), this.deps.random);
    return { ...command, value: { ...command.value, requestId } } as PublicCommand;
  }

  #place(command: PublicCommand, deadline: Deadline): Promise<Place | Refused> | Place | Refused {
    const { places } = this.deps;
    switch (command.$case) {
      case 'park':
      case 'reserve':
        return places.target(command.value.tenantId, command.value.target, deadline);
      case 'parkOrRetrieve':
      case 'getSlot':
        return places.taken(command.value.tenantId, command.value.slot ?? { lotId: '', slot: '' }, deadline);
      case 'retrieve':
      case 'beginRetrieve': {
        const { tenantId, from } = command.value;
        if (from?.$case === 'slot') return places.taken(tenantId, from.value, deadline);
        if (from?.$case === 'extension') {
          return places.taken(tenantId, { lotId: EXTENSION_LOT, slot: from.value.extension }, deadline);
        }
        return places.park(from?.value ?? '');
      }
      case 'completeReservation':
      case 'confirmRetrieve':
      case 'giveBackRetrieve':
      case 'claimPickup':
      case 'release':
      case 'movePark':
      case 'extendPark':
      case 'renewPolicy':
        return places.park(command.value.parkId);
    }
  }

  #send(command: PublicCommand, place: Place, deadline: Deadline, order: Order): Promise<CommandAnswer | Refused> {
    const { delivery, parking } = this.deps;
    switch (command.$case) {
      case 'park':
        return parking.park(
          order,
          {
            ...arrival(command, place),
            onOccupied: onOccupied(command.value, place.lot),
            holdIfFull: command.value.holdIfFull,
          },
          deadline,
        );
      case 'reserve':
        return parking.park(order, arrival(command, place), deadline);
      case 'completeReservation': {
        const { tenantId, requestId } = command.value;
        const kind = 'complete';
        return parking.park(
          order,
          { tenantId, requestId, lot: undefined, kind, onOccupied: OnOccupied.REJECT },
          deadline,
        );
      }
      case 'movePark':
        return this.#move(command.value, deadline, order);
      default:
        return delivery.deliver(order, deadline);
    }
  }

  async #move(request: MoveParkRequest, deadline: Deadline, order: Order): Promise<CommandAnswer | Refused> {
    const { moving, places } = this.deps;
    const { tenantId, slot } = request;
    const to = await places.slot(tenantId, slot ?? { lotId: '', slot: '' }, deadline);
    return to instanceof Refused ? to : moving.move(order, request, to.shard, deadline);
  }
}

function arrival(command: Extract<PublicCommand, { readonly $case: 'park' | 'reserve' }>, place: Place): Arrival {
  const { tenantId, requestId, target } = command.value;
  const kind = target?.kind?.$case === 'lot' ? 'choose' : 'slot';
  return { tenantId, requestId, lot: place.lot, kind, onOccupied: OnOccupied.REJECT };
}

/** What the request says, else what the lot is set to. */
function onOccupied(request: ParkRequest, lot: LotSettings | undefined): OnOccupied {
  if (request.onOccupied !== OnOccupied.UNSPECIFIED) return request.onOccupied;
  switch (lot?.on_occupied) {
    case 'next_free':
      return OnOccupied.NEXT_FREE;
    case 'ring_parker':
      return OnOccupied.RING_PARKER;
    default:
      return OnOccupied.REJECT;
  }
}
