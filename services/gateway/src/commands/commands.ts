import type { Clock, Random } from '@parkade/clock';
import { TAKES } from '@parkade/identity';
import { EXTENSION_LOT, newRequestId, partOf } from '@parkade/ids';
import { type Actor, type MoveParkRequest, OnOccupied, type ParkRequest } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import type { LotSettings } from '@parkade/settings';
import type { Deadline } from '../deadline.js';
import type { Settings } from '../ports.js';
import type { Asker, Delivery } from '../routing/delivery.js';
import type { Order } from '../routing/order.js';
import type { OwnerAnswer } from '../routing/owner-answer.js';
import { checkCommand } from './check.js';
import { fingerprint } from './fingerprint.js';
import type { Moving } from './moving.js';
import type { Arrival, Parking } from './parking.js';
import type { Place, Places } from './place.js';
import { encodeRequest, type PublicAnswer, type PublicCommand } from './public-command.js';
import { PublicReply } from './public-reply.js';

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

/** Under what a command was asked for. */
export interface Asking {
  /** The traceparent it is part of. */
  readonly trace?: string | undefined;
  /** Who asks through an API, kept with a take. */
  readonly by?: Actor | undefined;
}

/** Does every public command, whichever way it came: checked, routed, brought to its owner, its answer translated. */
export class Commands {
  constructor(private readonly deps: CommandsDeps) {}

  /** Resolves at the deadline at the latest. Rejects only on a defect. */
  execute(command: PublicCommand, deadline: Deadline, asking: Asking = {}): Promise<PublicAnswer | Refused> {
    return new Promise((resolve, reject) => {
      this.begin(command, deadline, asking, {
        answered: (reply) => resolve(reply instanceof Refused ? reply : reply.read()),
        failed: reject,
      });
    });
  }

  /** As `execute`, for what comes in thousands: see `Delivery.begin`. */
  begin(given: PublicCommand, deadline: Deadline, asking: Asking, asker: Asker<PublicReply>): void {
    const { clock, isRegistered } = this.deps;
    try {
      const refused = checkCommand(given, clock.nowMs(), isRegistered);
      if (refused !== undefined) return asker.answered(refused);
      const command = this.#identified(given);
      const place = this.#place(command, deadline);
      if (!(place instanceof Promise)) return this.#go(command, place, deadline, asking, asker);
      place
        .then((found) => this.#go(command, found, deadline, asking, asker))
        .catch((error: unknown) => asker.failed(error));
    } catch (error) {
      asker.failed(error);
    }
  }

  #go(
    command: PublicCommand,
    place: Place | Refused,
    deadline: Deadline,
    { trace = '', by }: Asking,
    asker: Asker<PublicReply>,
  ): void {
    if (place instanceof Refused) return asker.answered(place);
    const bytes = encodeRequest(command);
    const order: Order = {
      shard: place.shard,
      settingsRevision: this.deps.settings.revision,
      fingerprint: command.$case === 'getSlot' ? 0 : fingerprint(command.$case, bytes),
      part: 0,
      lotId: '',
      trace,
      ...(by !== undefined && TAKES.has(command.$case) ? { by } : {}),
      op: command.$case === 'movePark' ? undefined : { ...command, bytes },
    };
    this.#send(command, place, deadline, order, {
      answered: (answer) => {
        if (answer instanceof Refused) return asker.answered(answer);
        let reply: PublicReply;
        try {
          reply = new PublicReply(command.$case, answer);
        } catch (error) {
          return asker.failed(error);
        }
        asker.answered(reply);
      },
      failed: (error) => asker.failed(error),
    });
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

  #send(command: PublicCommand, place: Place, deadline: Deadline, order: Order, asker: Asker<OwnerAnswer>): void {
    const { delivery, parking } = this.deps;
    switch (command.$case) {
      case 'park':
      case 'reserve':
        return parking.begin(order, arrival(command, place), deadline, asker);
      case 'completeReservation': {
        const { tenantId, requestId, parkId } = command.value;
        const onOccupied = OnOccupied.REJECT;
        return parking.begin(
          order,
          { tenantId, requestId, parkId, lot: undefined, kind: 'complete', onOccupied },
          deadline,
          asker,
        );
      }
      case 'movePark':
        this.#move(command.value, deadline, order).then(
          (answer) => asker.answered(answer),
          (error: unknown) => asker.failed(error),
        );
        return;
      default:
        return delivery.begin(order, deadline, asker);
    }
  }

  async #move(request: MoveParkRequest, deadline: Deadline, order: Order): Promise<OwnerAnswer | Refused> {
    const { moving, places } = this.deps;
    const { tenantId, slot } = request;
    const to = await places.slot(tenantId, slot ?? { lotId: '', slot: '' }, deadline);
    return to instanceof Refused ? to : moving.move(order, request, to.shard, deadline);
  }
}

function arrival(command: Extract<PublicCommand, { readonly $case: 'park' | 'reserve' }>, { lot }: Place): Arrival {
  const { tenantId, requestId, target } = command.value;
  const kind = target?.kind?.$case === 'lot' ? 'choose' : 'slot';
  if (command.$case === 'reserve') return { tenantId, requestId, lot, kind, onOccupied: OnOccupied.REJECT };
  const { holdIfFull } = command.value;
  const slot = target?.kind?.$case === 'slot' ? target.kind.value.slot : undefined;
  const part = slot === undefined ? 0 : partOf(slot, lot?.spread ?? 1);
  return { tenantId, requestId, lot, kind, part, onOccupied: onOccupied(command.value, lot), holdIfFull };
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
