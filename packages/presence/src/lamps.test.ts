import { PresenceType, TransitionKind } from '@parkade/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dialogInfo, presenceUri } from './dialog-info.js';
import { lampsOf, type OutgoingLamp, type PresenceMessage } from './lamps.js';
import { testCall, testPark, testRecord, testTransition } from './testing/records.js';
import { readXml, type XmlElement } from './testing/xml-reader.js';

function read(lamp: OutgoingLamp | undefined): PresenceMessage {
  if (lamp === undefined) throw new Error('no lamp');
  return JSON.parse(Buffer.from(lamp.payload).toString('utf8')) as PresenceMessage;
}

function child(element: XmlElement | undefined, name: string): XmlElement {
  const found = element?.children.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

const occupied = testRecord({ parks: [testPark('p1')], litPresenceId: '*3701' });

describe('the lamp of a slot', () => {
  it('blinks while a call is parked, and says who waits since when', () => {
    const { lamp, cleared } = lampsOf(occupied, 42);
    expect(cleared).toBeUndefined();
    expect(lamp).toMatchObject({ subject: 'parkade.v1.presence.acme.default.701', version: 42 });
    const { document, ...message } = read(lamp);
    expect(message).toEqual({
      tenant: 'acme',
      lot: 'default',
      slot: '701',
      state: 'early',
      presence_id: '*3701',
      version: 42,
      caller: {
        media_node: 'fs-1',
        call_id: 'call-p1',
        caller_name: 'Ada Lovelace',
        caller_number: '+441632960001',
        direction: 'inbound',
        sip_call_id: '',
      },
      parker: { user_id: 'u1', device_id: 'd1', extension: '101' },
      park_ids: ['p1'],
      left: null,
      since_ms: 1_700_000_000_000,
    });
    expect(document).toMatchInlineSnapshot(`
      "<?xml version="1.0" encoding="UTF-8"?>
      <dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="1700000000" state="full" entity="sip:*3701@acme">
      <dialog id="p1" direction="recipient">
      <state>early</state>
      <local>
      <identity display="701">sip:*3701@acme</identity>
      <target uri="sip:*3701@acme"/>
      </local>
      <remote>
      <identity display="Ada Lovelace">sip:+441632960001@acme</identity>
      <target uri="sip:+441632960001@acme"/>
      </remote>
      </dialog>
      </dialog-info>
      "
    `);
  });

  it('is put out by a dialog in state terminated when the slot is free (R19)', () => {
    const last = testTransition({ kind: TransitionKind.RETRIEVED, atMs: 1_700_000_005_000 });
    const message = read(lampsOf(testRecord({ last }), 43).lamp);
    expect(message).toMatchObject({
      state: 'terminated',
      presence_id: '*3701',
      park_ids: [],
      caller: null,
      version: 43,
    });
    expect(message.since_ms).toBe(1_700_000_005_000);
    expect(child(child(readXml(message.document), 'dialog'), 'state').text).toBe('terminated');
  });

  it('shows what the policy says, and stays dark where that is terminated', () => {
    const park = (presenceType: PresenceType) => {
      const made = testPark('p1');
      return { ...made, policy: made.policy === undefined ? undefined : { ...made.policy, presenceType } };
    };
    const steady = { ...occupied, parks: [park(PresenceType.CONFIRMED)] };
    expect(lampsOf(steady, 1).lamp?.state).toBe('confirmed');
    const dark = { ...occupied, parks: [park(PresenceType.TERMINATED)], litPresenceId: '' };
    expect(lampsOf(dark, 1).lamp).toMatchObject({ state: 'terminated', presenceId: '*3701' });
  });

  it('has one dialog for each call that waits', () => {
    const record = { ...occupied, parks: [testPark('p1'), testPark('p2')] };
    const message = read(lampsOf(record, 1).lamp);
    expect(message.park_ids).toEqual(['p1', 'p2']);
    expect(readXml(message.document).children.map(({ attributes }) => attributes['id'])).toEqual(['p1', 'p2']);
  });

  it('does not exist in a hidden lot, nor for a slot that is held for a move', () => {
    const hidden = testRecord({ parks: [testPark('p1', '')], last: testTransition({ presenceId: '' }) });
    expect(lampsOf(hidden, 1)).toEqual({ lamp: undefined, cleared: undefined });
  });
});

describe('the lamp that a slot lit before', () => {
  it('is put out by a message of its own where the slot lights another now', () => {
    // Two calls in one slot with a lamp each; the first leaves, so the lamp of the second is lit.
    const record = testRecord({
      parks: [testPark('p2', 'second')],
      litPresenceId: 'second',
      last: testTransition({ kind: TransitionKind.RETRIEVED, presenceId: 'first' }),
    });
    const { lamp, cleared } = lampsOf(record, 50);
    expect(lamp).toMatchObject({ presenceId: 'second', state: 'early', version: 50 });
    expect(cleared).toMatchObject({
      subject: 'parkade.v1.presence.acme.default.701.first',
      presenceId: 'first',
      state: 'terminated',
      version: 50,
    });
    expect(read(cleared).document).toContain('entity="sip:first@acme"');
  });

  it('is put out by the next message of the slot where that lights nothing', () => {
    const record = testRecord({ last: testTransition({ kind: TransitionKind.RETRIEVED, presenceId: 'first' }) });
    expect(lampsOf(record, 50)).toMatchObject({
      lamp: { presenceId: 'first', state: 'terminated' },
      cleared: undefined,
    });
  });

  it('is left alone while somebody in the slot would light it', () => {
    const record = testRecord({
      parks: [testPark('p1', 'first'), testPark('p2', 'second')],
      litPresenceId: 'first',
      last: testTransition({ presenceId: 'second', parkId: 'p2' }),
    });
    expect(lampsOf(record, 50)).toMatchObject({ lamp: { presenceId: 'first' }, cleared: undefined });
  });
});

describe('the RFC 4235 document', () => {
  it('is well-formed and says what it was told, whatever the names hold', () => {
    // Any text at all, and much of what XML, URIs and attributes are broken with.
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.string({
        unit: fc.constantFrom('<', '>', '&', '"', "'", ']]>', '\u0000', '\n', '\uD800', '\uFFFF', '@', '%', 'é'),
      }),
    );
    fc.assert(
      fc.property(text, text, text, text, text, (presenceId, tenantId, slot, callerName, callerNumber) => {
        const call = testCall('c', { callerName, callerNumber });
        const root = readXml(
          dialogInfo({
            presenceId,
            tenantId,
            display: slot,
            version: 7,
            dialogs: [{ id: slot, state: 'early', call }],
          }),
        );
        expect(root.attributes).toEqual({
          xmlns: 'urn:ietf:params:xml:ns:dialog-info',
          version: '7',
          state: 'full',
          entity: presenceUri(presenceId, tenantId),
        });
        const dialog = child(root, 'dialog');
        expect(Object.keys(dialog.attributes)).toEqual(['id', 'direction']);
        expect(dialog.children.map(({ name }) => name)).toEqual(['state', 'local', 'remote']);
        const shown = child(child(dialog, 'remote'), 'identity').attributes['display'] ?? '';
        if (!/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u.test(callerName)) {
          expect(shown).toBe(callerName);
        }
        expect(root.attributes['entity']).toMatch(/^sip:[^@\s<>"]*@[^@\s<>"]*$/);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps its version within 32 bits', () => {
    const info = { presenceId: 'a', tenantId: 'b', display: 'c', dialogs: [] };
    expect(dialogInfo({ ...info, version: 2 ** 32 - 1 })).toContain('version="4294967295"');
  });

  it('gives a lamp with a domain of its own that domain', () => {
    expect(presenceUri('park7@pbx.example.com', 'acme')).toBe('sip:park7@pbx.example.com');
    expect(presenceUri('*3#7', 'acme')).toBe('sip:*3%237@acme');
  });
});
