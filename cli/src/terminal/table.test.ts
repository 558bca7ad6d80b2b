import { describe, expect, it } from 'vitest';
import { table } from './table.js';

describe('a table', () => {
  it('pads every column to its longest cell and leaves no blanks at the end of a line', () => {
    expect(
      table(
        ['SLOT', 'CALLER'],
        [
          ['701', 'Ada'],
          ['7', ''],
        ],
      ),
    ).toEqual(['SLOT  CALLER', '701   Ada', '7']);
  });

  it('is its headings where there are no rows', () => {
    expect(table(['SLOT', 'CALLER'], [])).toEqual(['SLOT  CALLER']);
  });
});
