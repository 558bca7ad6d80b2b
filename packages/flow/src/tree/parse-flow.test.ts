import { describe, expect, it } from 'vitest';
import { nodeAt } from './flow-tree.js';
import { MAX_FLOW_DEPTH, MAX_FLOW_NODES, parseFlow } from './parse-flow.js';

// The documented flows, as they are. Lines of dots stand for what a carrier has around them.
const FIRST = `{
   ...
   "flow":{
      "data":{
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
      },
      "module":"park",
      "children":{
         "100":{
            "children":{

            },
            "data":{
               "id":"8ca0e4c50aa1e2901d749307e19b2e4b"
            },
            "module":"voicemail"
         }
      }
   }
   ...
}`;

const SECOND = `{  
   ...
   "flow":{  
      "data":{  
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
      },
      "module":"park",
      "children":{  
         "100":{  
            "children":{  

            },
            "data":{  
               "id":"8ca0e4c50aa1e2901d749307e19b2e4b"
            },
            "module":"voicemail"
         }
      }
   }
   ...
}`;

/** The documented `data` objects: one of each page, and the template of the older one with its placeholders filled in. */
const DATA = {
  first: `{"data":{
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
   }}`,
  second: `{"data": {
        "action": "{ACTION}"
        ,"default_ringback_timeout": {RINGBACK}
        ,"default_callback_timeout": {CALLBACK}
        ,"default_presence_type": {PRESENCE_TYPE}
        ,"slots": {
    "100": {
        "ringback_timeout": "{RINGBACK}"
        ,"callback_timeout": "{CALLBACK}"
        ,"presence_type": "{PRESENCE_TYPE}"
    }
        }
    }}`
    .replace('{ACTION}', 'retrieve')
    .replaceAll('{RINGBACK}', '90000')
    .replaceAll('{CALLBACK}', '20000')
    .replace('"{PRESENCE_TYPE}"', '"confirmed"')
    .replace('{PRESENCE_TYPE}', '"early"'),
};

function read(text: string) {
  const json: unknown = JSON.parse(text.replaceAll(/^ *\.\.\.$/gm, ''));
  const result = parseFlow(json);
  if (!result.ok) throw new Error(JSON.stringify(result.issues));
  return result.value;
}

function faults(json: unknown): Record<string, string> {
  const result = parseFlow(json);
  return Object.fromEntries(result.ok ? [] : result.issues.map(({ path, message }) => [path, message]));
}

describe('a documented flow', () => {
  it.each([
    ['of the first page', FIRST],
    ['of the second page', SECOND],
  ])('%s is read with everything in it', (_, text) => {
    const { root, ignored } = read(text);
    expect(ignored).toEqual([]);
    expect(root).toMatchObject({
      module: 'park',
      data: {
        action: 'auto',
        defaults: { ringbackTimeoutMs: 120_000, callbackTimeoutMs: 30_000 },
      },
    });
    if (root.module !== 'park') throw new Error('not a park node');
    expect(root.data.slots.get('100')).toMatchObject({ ringbackTimeoutMs: 10_000 });
    expect(root.data.slots.get('101')).toMatchObject({ ringbackTimeoutMs: 25_000, presenceType: 'confirmed' });
    expect(nodeAt(root, ['100'])).toMatchObject({
      module: 'voicemail',
      target: { to: { $case: 'voicemail', value: '8ca0e4c50aa1e2901d749307e19b2e4b' } },
    });
    expect(nodeAt(root, ['100', 'x'])).toBeUndefined();
  });

  it.each([
    ['first', 'auto', 5_000, 26_000, 'early', 5_000],
    ['second', 'retrieve', 90_000, 20_000, 'early', 90_000],
  ] as const)(
    'has the %s page’s data alone as a park node',
    (page, action, ringback, callback, presence, slotRingback) => {
      expect(read(DATA[page]).root).toMatchObject({
        module: 'park',
        data: {
          action,
          defaults: { ringbackTimeoutMs: ringback, callbackTimeoutMs: callback, presenceType: presence },
          slots: new Map([
            ['100', expect.objectContaining({ ringbackTimeoutMs: slotRingback, presenceType: 'confirmed' })],
          ]),
        },
      });
    },
  );
});

describe('a child', () => {
  it.each([
    ['voicemail', { id: 'x' }, { $case: 'voicemail', value: 'x' }],
    ['device', { id: 'x' }, { $case: 'device', value: 'x' }],
    ['user', { id: 'x' }, { $case: 'user', value: 'x' }],
    ['callflow', { id: 7 }, { $case: 'callflow', value: '7' }],
    ['ring_group', { id: 'x' }, { $case: 'ringGroup', value: 'x' }],
    ['ring_group', { ring_group_id: 'y' }, { $case: 'ringGroup', value: 'y' }],
    ['destination', { destination: '+49301234' }, { $case: 'destination', value: '+49301234' }],
  ])('of module %s with %j goes to its target', (module, data, to) => {
    const parsed = parseFlow({ data: {}, children: { _: { module, data } } });
    expect(parsed.ok && nodeAt(parsed.value.root, ['_'])).toMatchObject({ module, target: { to } });
  });

  it('may be a park node again, with data of its own', () => {
    const parsed = parseFlow({ children: { _: { module: 'park', data: { slot: '9' } } } });
    expect(parsed.ok && nodeAt(parsed.value.root, ['_'])).toMatchObject({ module: 'park', data: { slot: '9' } });
  });

  it('names the ring groups of a flow with their paths', () => {
    const ring = { module: 'ring_group', data: { id: 'sales' } };
    const parsed = parseFlow({ flow: { children: { '100': ring } } });
    expect(parsed.ok && parsed.value.ringGroups).toEqual([{ ringGroupId: 'sales', path: 'flow.children.100.data.id' }]);
  });
});

describe('a flow that is wrong is refused with the path of each fault', () => {
  it.each<[unknown, Record<string, string>]>([
    [7, { '': 'must be an object' }],
    [{ flow: [] }, { flow: 'must be an object' }],
    [{ data: [] }, { data: 'must be an object' }],
    [{ children: 'x' }, { children: 'must be an object' }],
    [{ module: 'menu' }, { module: 'must be one of park, voicemail, device, user, ring_group, callflow, destination' }],
    [
      { flow: { data: { action: 'hold', slots: { '100': { ringback_timeout: 10 } } } } },
      {
        'flow.data.action': 'must be one of park, direct_park, retrieve, auto',
        'flow.data.slots.100.ringback_timeout': 'must be 0 or at least 1000: the unit is ms (10 s would be 10000)',
      },
    ],
    [
      { children: { _: {} } },
      { 'children._.module': 'is required: one of park, voicemail, device, user, ring_group, callflow, destination' },
    ],
    [{ children: { _: { module: 'voicemail' } } }, { 'children._.data.id': 'is required: the id of the voicemail' }],
    [
      { children: { _: { module: 'ring_group', data: { ring_group_id: 'a b' } } } },
      {
        'children._.data.ring_group_id': 'must be a name: 1 to 64 printable ASCII characters without blanks',
      },
    ],
    [
      { children: { _: { module: 'destination', data: {} } } },
      { 'children._.data.destination': 'must be 1 to 128 printable ASCII characters without blanks' },
    ],
    [
      { children: { 'a b': { module: 'user', data: { id: 'x' } } } },
      { 'children["a b"]': 'the key must be a name: 1 to 64 printable ASCII characters without blanks' },
    ],
    [
      {
        children: {
          _: { module: 'user', data: { id: 'x' }, children: { '1': { module: 'park', data: { slot: '' } } } },
        },
      },
      {
        'children._.children.1.data.slot': 'must be a name: 1 to 64 printable ASCII characters without blanks',
      },
    ],
  ])('%j', (json, expected) => {
    expect(faults(json)).toEqual(expected);
  });

  it('when it is too deep', () => {
    let node: object = { module: 'user', data: { id: 'x' } };
    for (let depth = 0; depth < MAX_FLOW_DEPTH + 1; depth++)
      node = { module: 'user', data: { id: 'x' }, children: { _: node } };
    expect(Object.values(faults(node))).toEqual([`lies deeper than ${MAX_FLOW_DEPTH} nodes`]);
  });

  it('when it has too many nodes, or says more of slots than a call can carry', () => {
    const nodes = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, { module: 'park' }]));
    expect(Object.values(faults({ children: nodes(MAX_FLOW_NODES) }))[0]).toMatch(/one node too many/);
    const slots = Object.fromEntries(
      Array.from({ length: 500 }, (_, i) => [`${i}`, { presence_id: 'x'.repeat(120), ringback_timeout: 5_000 }]),
    );
    expect(faults({ data: { custom_presence_id: true, slots } })['data.slots']).toMatch(/too long to travel/);
  });

  it('but not for keys that are none of ours', () => {
    const parsed = parseFlow({
      data: { foo: 1 },
      children: { _: { module: 'user', data: { id: 'x', bar: 2 }, ui: 3 } },
    });
    expect(parsed.ok && [...parsed.value.ignored].sort()).toEqual(['children._.data.bar', 'children._.ui', 'data.foo']);
  });
});
