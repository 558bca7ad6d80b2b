import { Selection } from '@parkade/proto';
import { describe, expect, it } from 'vitest';
import { FlagReader } from '../flags/flag-reader.js';
import { readTarget } from './call-flags.js';

function faultsOf(values: Record<string, string>): string {
  const reader = new FlagReader(values);
  readTarget(reader);
  try {
    reader.check();
    return '';
  } catch (error) {
    return String(error);
  }
}

describe('where to park', () => {
  it('is any free slot of a lot, chosen as it is said', () => {
    expect(readTarget(new FlagReader({ lot: 'sales', selection: 'longest-idle' })).kind).toMatchObject({
      $case: 'lot',
      value: { lotId: 'sales', selection: Selection.LONGEST_IDLE },
    });
  });

  it('leaves nothing unread that was said: a selection goes with no single slot, and is a known word', () => {
    for (const at of ['slot', 'extension', 'group']) {
      expect(faultsOf({ [at]: '701', selection: 'next' })).toContain('leave it out with --slot');
    }
    expect(faultsOf({ slot: '701', selection: 'nxet' })).toContain('--selection must be one of first, next');
    expect(faultsOf({ slot: '701', lot: 'sales' })).toBe('');
  });
});
