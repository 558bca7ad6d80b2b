import { PresenceType } from '@parkade/proto';
import { describe, expect, it } from 'vitest';
import { childOf, type ParkNode } from '../tree/flow-tree.js';
import { parseFlow } from '../tree/parse-flow.js';
import { flowOverrides, flowTerms } from './flow-terms.js';
import { recallBranch } from './recall-branch.js';

function park(json: unknown): ParkNode {
  const parsed = parseFlow(json);
  if (!parsed.ok || parsed.value.root.module !== 'park') throw new Error(JSON.stringify(parsed));
  return parsed.value.root;
}

const user = (id: string) => ({ module: 'user', data: { id } });

const node = park({
  data: {
    default_ringback_timeout: 5000,
    presence_id: 'lamp',
    max_slot_number: 110,
    slots: { '100': { ringback_timeout: '1500', presence_type: 'confirmed', presence_id: 'own' }, '101': {} },
  },
  children: {
    '100': user('u1'),
    _: user('u2'),
    '7': user('u3'),
    '8': { module: 'park' },
    MAX_SLOT_EXCEEDED: user('u4'),
  },
});

describe('what travels with a call', () => {
  it('is all that any slot may need, but never the child for calls without a slot', () => {
    const terms = flowTerms('f1', node);
    expect(terms.flowId).toBe('f1');
    expect(terms.maxSlotNumber).toBe(110);
    expect(terms.slots.map(({ slot }) => slot)).toEqual(['100', '101']);
    // `park` again is no branch: the call stays parked.
    expect(terms.children.map(({ key }) => key).sort()).toEqual(['100', '7', '_']);
  });

  it('is for a named slot what that one needs', () => {
    const terms = flowTerms('', node, '100');
    expect(terms.slots).toEqual([
      {
        slot: '100',
        overrides: {
          ringbackTimeout: { seconds: 1, nanos: 500_000_000 },
          callbackTimeout: undefined,
          maxPark: undefined,
          presenceType: PresenceType.CONFIRMED,
          // Without custom_presence_id no configured id counts.
          presenceId: '',
        },
      },
    ]);
    expect(terms.children.map(({ key }) => key).sort()).toEqual(['100', '_']);
  });

  it('has presence ids only with custom_presence_id', () => {
    expect(flowOverrides(node)).toMatchObject({ ringbackTimeout: { seconds: 5, nanos: 0 }, presenceId: '' });
    const custom = park({
      data: { custom_presence_id: true, presence_id: 'lamp', slots: { '1': { presence_id: 'own' } } },
    });
    expect(flowOverrides(custom).presenceId).toBe('lamp');
    expect(flowTerms('', custom).slots[0]?.overrides?.presenceId).toBe('own');
  });
});

describe('the next child', () => {
  it('is the one of the key, else the wildcard, else none', () => {
    expect(childOf(node, 'MAX_SLOT_EXCEEDED')?.key).toBe('MAX_SLOT_EXCEEDED');
    expect(childOf(node, '999')?.key).toBe('_');
    expect(childOf(node)?.key).toBe('_');
    expect(childOf(park({}), '999')).toBeUndefined();
  });
});

describe('a recall branch', () => {
  it.each([
    [{ $case: 'voicemail', value: 'x' } as const, { to: 'voicemail', mailbox: 'x' }],
    [{ $case: 'device', value: 'x' } as const, { to: 'device', id: 'x' }],
    [{ $case: 'user', value: 'x' } as const, { to: 'user', id: 'x' }],
    [{ $case: 'callflow', value: 'x' } as const, { to: 'callflow', id: 'x' }],
    [{ $case: 'ringGroup', value: 'x' } as const, { to: 'ring_group', ring_group_id: 'x' }],
    [{ $case: 'destination', value: 'x' } as const, { to: 'destination', destination: 'x' }],
  ])('to %j leaves by %j', (to, exit) => {
    expect(recallBranch({ flowId: '', child: '_', target: { to } })).toEqual({ child: '_', exit });
  });

  it('is none where the park keeps none', () => {
    expect(recallBranch(undefined)).toBeUndefined();
    expect(recallBranch({ flowId: '', child: '_', target: undefined })).toBeUndefined();
  });
});
