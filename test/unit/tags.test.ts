import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distinctTagNames, foldTagName, tidyTagName } from '../../src/modules/library/tags.ts';

describe('tag names', () => {
  it.each([
    ['to do', ['To Do', '  TO   do ', 'Ｔｏ\u3000Ｄｏ', 'to\u00a0do', 'to\n\tdo']],
    ['café', ['CAFÉ', 'cafe\u0301', 'Cafe\u0301 ']],
    ['ﬁle'.normalize('NFKC'), ['ﬁle', 'FILE', 'file']],
    ['straße', ['Straße', 'STRAẞE']],
  ])('are one tag, %j, however they are written', (folded, names) => {
    expect(names.map(foldTagName)).toEqual(names.map(() => folded));
    expect(distinctTagNames(names)).toEqual([{ name: tidyTagName(names[0] ?? ''), key: folded }]);
  });

  it('stay apart when they differ in more than that', () => {
    const names = ['cafe', 'café', 'to-do', 'todo', 'to do'];
    expect(distinctTagNames(names)).toHaveLength(names.length);
  });

  it('are folded once and for all, and blank only when they are nothing but space', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const folded = foldTagName(name);
        expect(foldTagName(folded)).toBe(folded);
        expect(foldTagName(tidyTagName(name))).toBe(folded);
        expect(folded === '').toBe(name.trim() === '');
      }),
      { numRuns: 500, seed: 20261122 },
    );
  });

  it('never grow when they are tidied', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        expect(tidyTagName(name).length).toBeLessThanOrEqual(name.length);
      }),
      { seed: 20261122 },
    );
  });
});
