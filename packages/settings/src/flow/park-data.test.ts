import { describe, expect, it } from 'vitest';
import { flowLevels, parseParkData } from './park-data.js';

// The documented examples of the flow's `data` object, as they are.
const FIRST_EXAMPLE = `{
      "action":"auto",
      "default_ringback_timeout":5000,
      "default_callback_timeout":26000,
      "default_presence_type":"early",
      "slots":{
         "100":{
            "ringback_timeout":5000,
            "callback_timeout":26000,
            "presence_type":"confirmed"
         }
      }
   }`;

const FLOW_EXAMPLE = `{
         "action":"auto",
         "default_ringback_timeout":120000,
         "default_callback_timeout":30000,
         "slots":{
            "100":{
               "ringback_timeout":10000
            },
            "101":{
               "ringback_timeout":25000,
               "presence_type":"confirmed"
            }
         }
      }`;

// With placeholders, as the older page has them: they are filled in, quoted or not as the page quotes them.
const TEMPLATE = `{
        "action": "{ACTION}"
        ,"default_ringback_timeout": {RINGBACK}
        ,"default_callback_timeout": {CALLBACK}
        ,"default_presence_type": {PRESENCE_TYPE}
        ,"slots": {}
    }`;

const SLOT_TEMPLATE = `{
    "100": {
        "ringback_timeout": "{RINGBACK}"
        ,"callback_timeout": "{CALLBACK}"
        ,"presence_type": "{PRESENCE_TYPE}"
    }
}`;

function parse(json: string) {
  const result = parseParkData(JSON.parse(json));
  if (!result.ok) throw new Error(JSON.stringify(result.issues));
  return result.value;
}

function faults(json: unknown): Record<string, string> {
  const result = parseParkData(json);
  return Object.fromEntries(result.ok ? [] : result.issues.map(({ path, message }) => [path, message]));
}

describe('the data object of a flow', () => {
  it('is read as the first example has it', () => {
    const data = parse(FIRST_EXAMPLE);
    expect(data.action).toBe('auto');
    expect(data.defaults).toMatchObject({ ringbackTimeoutMs: 5000, callbackTimeoutMs: 26_000, presenceType: 'early' });
    expect(data.slots.get('100')).toMatchObject({
      ringbackTimeoutMs: 5000,
      callbackTimeoutMs: 26_000,
      presenceType: 'confirmed',
    });
  });

  it('is read as the example flow has it', () => {
    const data = parse(FLOW_EXAMPLE);
    expect(data.defaults).toMatchObject({ ringbackTimeoutMs: 120_000, callbackTimeoutMs: 30_000 });
    expect([...data.slots.keys()]).toEqual(['100', '101']);
    expect(data.slots.get('101')).toMatchObject({ ringbackTimeoutMs: 25_000, presenceType: 'confirmed' });
    expect(data.slots.get('100')?.presenceType).toBeUndefined();
  });

  it('is read as the template has it, with quoted numbers too', () => {
    const filled = TEMPLATE.replace('{ACTION}', 'retrieve')
      .replace('{RINGBACK}', '90000')
      .replace('{CALLBACK}', '20000')
      .replace('{PRESENCE_TYPE}', '"confirmed"')
      .replace(
        '{}',
        SLOT_TEMPLATE.replace('{RINGBACK}', '60000')
          .replace('{CALLBACK}', '15000')
          .replace('{PRESENCE_TYPE}', 'terminated'),
      );
    const data = parse(filled);
    expect(data.action).toBe('retrieve');
    expect(data.defaults).toMatchObject({
      ringbackTimeoutMs: 90_000,
      callbackTimeoutMs: 20_000,
      presenceType: 'confirmed',
    });
    expect(data.slots.get('100')).toMatchObject({
      ringbackTimeoutMs: 60_000,
      callbackTimeoutMs: 15_000,
      presenceType: 'terminated',
    });
  });

  it('is read with every documented key', () => {
    const result = parseParkData({
      action: 'direct_park',
      custom_presence_id: true,
      default_callback_timeout: '30000',
      default_presence_type: 'early',
      default_ringback_timeout: 0,
      max_slot_number: '120',
      presence_id: 'park@acme.example',
      skip_module: true,
      slot: '007',
      slots: { '007': { presence_id: 'seven@acme.example' } },
    });
    expect(result).toMatchObject({
      ok: true,
      value: {
        action: 'direct_park',
        slot: '007',
        maxSlotNumber: 120,
        skipModule: true,
        customPresenceId: true,
        defaults: { ringbackTimeoutMs: 0, callbackTimeoutMs: 30_000, presenceId: 'park@acme.example' },
        ignored: [],
      },
    });
  });

  it('has its documented defaults when it is empty', () => {
    expect(parseParkData({})).toMatchObject({
      ok: true,
      value: { action: 'park', slot: undefined, skipModule: false, customPresenceId: false },
    });
  });

  it('takes three spellings of the presence type, and refuses two that differ', () => {
    for (const key of ['default_presence_type', 'parked_presence_type', 'park_presence_type']) {
      expect(parseParkData({ [key]: 'confirmed' })).toMatchObject({
        value: { defaults: { presenceType: 'confirmed' } },
      });
    }
    expect(faults({ default_presence_type: 'early', park_presence_type: 'confirmed' })).toEqual({
      park_presence_type: 'is another spelling of default_presence_type, which says early',
    });
  });

  it('tells every fault with its path, and that timeouts are in ms', () => {
    const told = faults({
      action: 'hold',
      slot: 'a b',
      default_ringback_timeout: 120,
      max_slot_number: -1,
      skip_module: 'maybe',
      slots: { '100': { callback_timeout: '30', presence_id: '' }, 'bad id': {}, '101': 5 },
    });
    expect(Object.keys(told).sort()).toEqual([
      'action',
      'default_ringback_timeout',
      'max_slot_number',
      'skip_module',
      'slot',
      'slots.100.callback_timeout',
      'slots.100.presence_id',
      'slots.101',
      'slots["bad id"]',
    ]);
    expect(told['default_ringback_timeout']).toContain('the unit is ms (120 s would be 120000)');
    expect(told['slots.100.callback_timeout']).toContain('the unit is ms');
    expect(faults([])).toEqual({ '': 'must be an object' });
  });

  it('goes on with keys it does not know, and names them', () => {
    const result = parseParkData({ id: 'x', slots: { '100': { colour: 'red' } } });
    expect(result).toMatchObject({ ok: true, value: { ignored: ['slots.100.colour', 'id'] } });
  });

  it('uses configured presence ids only where custom_presence_id says so', () => {
    const json = { presence_id: 'flow', slots: { '701': { presence_id: 'own', ringback_timeout: 5000 } } };
    const off = flowLevels(parse(JSON.stringify(json)), '701');
    expect([off.slot?.presenceId, off.flow.presenceId, off.slot?.ringbackTimeoutMs]).toEqual([
      undefined,
      undefined,
      5000,
    ]);
    const on = flowLevels(parse(JSON.stringify({ ...json, custom_presence_id: true })), '701');
    expect([on.slot?.presenceId, on.flow.presenceId]).toEqual(['own', 'flow']);
  });
});
