import {
  type ClaimPickupRequest,
  Consistency,
  MediaControl,
  type PolicyOverrides,
  PresenceType,
  Reason,
  ReleaseCause,
  type ReleaseRequest,
  Selection,
} from '@parkade/proto';
import { describe, expect, it } from 'vitest';
import { checkCommand } from '../commands/check.js';
import type { PublicCommand } from '../commands/public-command.js';
import { call, parkAnywhere, parkIdIn, parkRequest, requestId, retrieveRequest } from '../testing/samples.testing.js';
import { READ_RULES } from './request-rules.js';
import { validate } from './validate.js';

const NOW_MS = Date.now();
const longName = 'x'.repeat(65);

function park(changes: Parameters<typeof parkRequest>[0]): PublicCommand {
  return { $case: 'park', value: parkRequest(changes) };
}

function inSlot(lotId: string, slot: string): PublicCommand {
  return park({ target: { kind: { $case: 'slot', value: { lotId, slot } } } });
}

const noOverrides: PolicyOverrides = {
  ringbackTimeout: undefined,
  callbackTimeout: undefined,
  presenceType: PresenceType.UNSPECIFIED,
  presenceId: '',
  maxPark: undefined,
};

function overriding(changes: Partial<PolicyOverrides>): PublicCommand {
  return park({ overrides: { ...noOverrides, ...changes } });
}

/** The message with an enum's number that this version does not know, as it comes off the wire. */
function foreign<Message extends object>(message: Message, field: keyof Message & string): Message {
  return Object.assign({ ...message }, { [field]: 99 });
}

function retrieve(changes: Parameters<typeof retrieveRequest>[0]): PublicCommand {
  return { $case: 'retrieve', value: retrieveRequest(changes) };
}

function claim(changes: Partial<ClaimPickupRequest>): PublicCommand {
  const good = { digest: Buffer.alloc(32), mediaNode: 'n1', fromMediaNodes: ['n2'] };
  return { $case: 'claimPickup', value: { ...held, ...good, ...changes } };
}

function release(changes: Partial<ReleaseRequest>): PublicCommand {
  return { $case: 'release', value: { ...held, cause: ReleaseCause.RELEASED, callId: '', ...changes } };
}

const held = { requestId: '', tenantId: 'acme', parkId: parkIdIn(0) };
const future = '01ffffff-ffff-7fff-bfff-ffffffffffff';

describe('a command is refused before anybody is asked', () => {
  const cases: readonly [what: string, command: PublicCommand, field: string, reason?: Reason][] = [
    ['without a tenant', park({ tenantId: '' }), 'tenant_id'],
    ['with a blank in the tenant', park({ tenantId: 'a b' }), 'tenant_id'],
    ['with a tenant that is too long', park({ tenantId: longName }), 'tenant_id'],
    ['with a request id that is no UUIDv7', park({ requestId: 'x' }), 'request_id', Reason.REQUEST_ID_INVALID],
    [
      'with a request id in upper case',
      park({ requestId: requestId().toUpperCase() }),
      'request_id',
      Reason.REQUEST_ID_INVALID,
    ],
    ['with a request id from the future', park({ requestId: future }), 'request_id', Reason.REQUEST_ID_INVALID],
    ['without a target', park({ target: undefined }), 'target'],
    ['with a target of no kind', park({ target: { kind: undefined } }), 'target.kind'],
    ['without a slot', inSlot('', ''), 'target.slot.slot'],
    ['with a slot of 10 kB', inSlot('', '7'.repeat(10_240)), 'target.slot.slot'],
    ['with a control character in the slot', inSlot('', '70\u0007'), 'target.slot.slot'],
    ['with a slot that is not ASCII', inSlot('', '七'), 'target.slot.slot'],
    ['with a lot that is no name', inSlot('a b', '1'), 'target.slot.lot_id'],
    ['in the holding lot', inSlot('_holding', '1'), 'target.slot.lot_id'],
    ['in the extension lot by slot', inSlot('_extensions', '201'), 'target.slot.lot_id'],
    ['in any slot of the holding lot', { $case: 'park', value: parkAnywhere('_holding') }, 'target.lot.lot_id'],
    [
      'with a selection that is not known',
      park({
        target: {
          kind: {
            $case: 'lot',
            value: foreign({ lotId: '', selection: Selection.FIRST, maxSlotNumber: 0 }, 'selection'),
          },
        },
      }),
      'target.lot.selection',
    ],
    [
      'at no extension',
      park({ target: { kind: { $case: 'extension', value: { extension: '' } } } }),
      'target.extension.extension',
    ],
    ['in no group', park({ target: { kind: { $case: 'group', value: { groupId: '' } } } }), 'target.group.group_id'],
    ['without a call', park({ call: undefined }), 'call'],
    ['without a call id', park({ call: { ...call, callId: '' } }), 'call.call_id'],
    ['with a call id that is too long', park({ call: { ...call, callId: 'x'.repeat(129) } }), 'call.call_id'],
    ['with a control character in the call id', park({ call: { ...call, callId: 'a\nb' } }), 'call.call_id'],
    ['without a media node', park({ call: { ...call, mediaNode: '' } }), 'call.media_node'],
    [
      'with a caller name that is too long',
      park({ call: { ...call, callerName: 'x'.repeat(129) } }),
      'call.caller_name',
    ],
    [
      'with a control character in the caller name',
      park({ call: { ...call, callerName: 'A\u0000' } }),
      'call.caller_name',
    ],
    ['with a number that is too long', park({ call: { ...call, callerNumber: '1'.repeat(65) } }), 'call.caller_number'],
    ['with a direction that is not known', park({ call: foreign(call, 'direction') }), 'call.direction'],
    [
      'with a SIP Call-ID that is too long',
      park({ call: { ...call, sipCallId: 'x'.repeat(257) } }),
      'call.sip_call_id',
    ],
    [
      'with a parker that is too long',
      park({ parker: { userId: longName, deviceId: '', extension: '' } }),
      'parker.user_id',
    ],
    ['with a note that is too long', park({ note: 'x'.repeat(513) }), 'note'],
    ['with a line break in the note', park({ note: 'a\nb' }), 'note'],
    ['with an on_occupied that is not known', park(foreign(parkRequest(), 'onOccupied')), 'on_occupied'],
    ['with a media_control that is not known', park(foreign(parkRequest(), 'mediaControl')), 'media_control'],
    [
      'with 500 ms until ringback',
      overriding({ ringbackTimeout: { seconds: 0, nanos: 5e8 } }),
      'overrides.ringback_timeout',
    ],
    ['with negative time', overriding({ maxPark: { seconds: -1, nanos: 0 } }), 'overrides.max_park'],
    ['with more than a second of nanos', overriding({ maxPark: { seconds: 1, nanos: 2e9 } }), 'overrides.max_park'],
    ['with no time to ring', overriding({ callbackTimeout: { seconds: 0, nanos: 0 } }), 'overrides.callback_timeout'],
    ['with a lamp id with a blank', overriding({ presenceId: 'a b' }), 'overrides.presence_id'],
    [
      'with a presence type that is not known',
      overriding(foreign(noOverrides, 'presenceType')),
      'overrides.presence_type',
    ],
    ['with nothing to retrieve', retrieve({ from: undefined }), 'from'],
    ['without a park id', retrieve({ from: { $case: 'parkId', value: '' } }), 'park_id'],
    ['from a slot without a name', retrieve({ from: { $case: 'slot', value: { lotId: '', slot: '' } } }), 'slot.slot'],
    ['without a retriever', retrieve({ retriever: undefined }), 'retriever'],
    ['with a retriever without a call id', retrieve({ retriever: { ...call, callId: '' } }), 'retriever.call_id'],
    ['with 2 minutes to give up', retrieve({ giveUpAfter: { seconds: 120, nanos: 0 } }), 'give_up_after'],
    ['without a retrieve id', { $case: 'confirmRetrieve', value: { ...held, retrieveId: '' } }, 'retrieve_id'],
    [
      'with a cause that is too long',
      { $case: 'giveBackRetrieve', value: { ...held, retrieveId: 'r', cause: longName } },
      'cause',
    ],
    ['in one step with a pickup', retrieve({ pickupDigest: Buffer.alloc(32) }), 'pickup_digest'],
    [
      'with a pickup that is no SHA-256',
      { $case: 'beginRetrieve', value: { ...retrieveRequest(), pickupDigest: Buffer.alloc(20) } },
      'pickup_digest',
    ],
    ['that claims without a digest', claim({ digest: Buffer.alloc(0) }), 'digest'],
    ['that claims at no media node', claim({ mediaNode: '' }), 'media_node'],
    [
      'that claims from too many media nodes',
      claim({ fromMediaNodes: Array<string>(257).fill('n') }),
      'from_media_nodes',
    ],
    [
      'with a release cause that is not known',
      { $case: 'release', value: foreign({ ...held, cause: ReleaseCause.RELEASED, callId: '' }, 'cause') },
      'cause',
    ],
    ['that escapes to nowhere', release({ cause: ReleaseCause.ESCAPED }), 'destination'],
    ['that is released to somewhere', release({ destination: '5000' }), 'destination'],
    [
      'that escapes to a destination that is too long',
      release({ cause: ReleaseCause.ESCAPED, destination: '5'.repeat(129) }),
      'destination',
    ],
    ['without a slot to move to', { $case: 'movePark', value: { ...held, slot: undefined } }, 'slot'],
    ['without the time to extend', { $case: 'extendPark', value: { ...held, recallIn: undefined } }, 'recall_in'],
    [
      'extended by 31 days',
      { $case: 'extendPark', value: { ...held, recallIn: { seconds: 31 * 86_400, nanos: 0 } } },
      'recall_in',
    ],
    ['without a call that completes', { $case: 'completeReservation', value: { ...held, call: undefined } }, 'call'],
    [
      'with a consistency that is not known',
      {
        $case: 'getSlot',
        value: foreign(
          { tenantId: 'a', slot: { lotId: '', slot: '1' }, consistency: Consistency.FENCED },
          'consistency',
        ),
      },
      'consistency',
    ],
  ];

  it.each(cases)('%s', (_, command, field, reason = Reason.INVALID_FIELD) => {
    const refused = checkCommand(command, NOW_MS, () => true);
    expect(refused?.reason).toBe(reason);
    expect(refused?.metadata).toEqual({ field });
    expect(refused?.message).toMatch(/^The field .+\.$/);
  });

  it('when the cluster is to drive a media node that is not registered', () => {
    const refused = checkCommand(park({ mediaControl: MediaControl.CLUSTER }), NOW_MS, (node) => node !== 'fs1');
    expect(refused?.reason).toBe(Reason.MEDIA_NODE_UNKNOWN);
    expect(refused?.metadata).toEqual({ media_node: 'fs1' });
    expect(checkCommand(retrieve({ mediaControl: MediaControl.CLUSTER }), NOW_MS, () => false)?.reason).toBe(
      Reason.MEDIA_NODE_UNKNOWN,
    );
    expect(checkCommand(park({ mediaControl: MediaControl.CALLER }), NOW_MS, () => false)).toBeUndefined();
  });
});

describe('a good command passes', () => {
  const cases: readonly [what: string, command: PublicCommand][] = [
    ['with all that is required', park({})],
    ['without a request id', park({ requestId: '' })],
    ['with leading zeros in the slot', inSlot('lobby', '007')],
    ['with 0 for ever', overriding({ ringbackTimeout: { seconds: 0, nanos: 0 } })],
    ['with names of many scripts', park({ call: { ...call, callerName: 'Łukasz 漢字 🙂' } })],
    ['moving out of anywhere', { $case: 'movePark', value: { ...held, slot: { lotId: '', slot: '1' } } }],
    ['that escapes to a destination', release({ cause: ReleaseCause.ESCAPED, destination: '5000' })],
    ['never to be rung back', { $case: 'extendPark', value: { ...held, recallIn: { seconds: 0, nanos: 0 } } }],
    [
      'reading the holding lot',
      {
        $case: 'getSlot',
        value: { tenantId: 'a', slot: { lotId: '_holding', slot: '1' }, consistency: Consistency.UNSPECIFIED },
      },
    ],
  ];

  it.each(cases)('%s', (_, command) => {
    expect(checkCommand(command, NOW_MS, () => true)).toBeUndefined();
  });
});

describe('a read is refused', () => {
  const list = { tenantId: 'acme', lotId: '', states: [], pageSize: 0, pageToken: '' };

  it('with a page size, a state or a tenant that is out of bounds', () => {
    const field = (changes: object): string | undefined =>
      validate(READ_RULES.listSlots, { ...list, ...changes }, NOW_MS)?.metadata['field'];
    expect(field({})).toBeUndefined();
    expect(field({ pageSize: 1_001 })).toBe('page_size');
    expect(field({ states: [1, 99] })).toBe('states');
    expect(field({ tenantId: '' })).toBe('tenant_id');
  });

  it('when it names no park', () => {
    const get = { tenantId: 'acme', by: undefined, consistency: Consistency.UNSPECIFIED };
    expect(validate(READ_RULES.getPark, get, NOW_MS)?.metadata).toEqual({ field: 'by' });
    const byCall = { ...get, by: { $case: 'call' as const, value: { mediaNode: '', callId: '' } } };
    expect(validate(READ_RULES.getPark, byCall, NOW_MS)?.metadata).toEqual({ field: 'call.call_id' });
  });
});
