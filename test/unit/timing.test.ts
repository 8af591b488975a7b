import { describe, expect, it } from 'vitest';
import { createPasswords, type Passwords } from '../../src/modules/identity/password.ts';
import { compare, isToldApart, measureApart } from '../support/distributions.ts';

/** Values around a centre, evenly spread: no two machines would measure them otherwise. */
const around = (centre: number, spread: number) =>
  Array.from({ length: 40 }, (_, at) => centre + spread * (at / 39 - 0.5));

describe('the judge of durations', () => {
  it.each<[what: string, first: number[], second: number[], apart: boolean]>([
    ['the same', around(100, 40), around(100, 40), false],
    ['a tenth more', around(110, 40), around(100, 40), false],
    ['as long, with outliers', [...around(100, 40), 900, 1000], around(100, 40), false],
    ['a third more, but all over the place', around(135, 400), around(100, 400), false],
    ['twice as long', around(200, 40), around(100, 40), true],
    ['nothing at all', around(1, 1), around(100, 40), true],
    ['half, in a wide spread', around(50, 60), around(100, 60), true],
  ])('%s: told apart or not', (_, first, second, apart) => {
    expect(isToldApart(compare(first, second))).toBe(apart);
    expect(isToldApart(compare(second, first))).toBe(apart);
  });
});

describe('a password that is wrong', () => {
  const passwords = createPasswords({ costLog2: 14 });
  /** What must not be: no account, no work. */
  const hasty: Passwords = {
    ...passwords,
    verify: async (password, stored) => stored !== undefined && passwords.verify(password, stored),
  };
  const wrongFor = async (by: Passwords, stored: string | undefined) =>
    expect(await by.verify('wrong', stored)).toBe(false);

  it('takes as long where there is an account as where there is none, and a short cut would show', async () => {
    const stored = await passwords.hash('right');
    const apart = (by: Passwords, rounds: number) =>
      measureApart([() => wrongFor(by, stored), () => wrongFor(by, undefined)], { samples: 12, rounds });
    const honest = await apart(passwords, 3);
    expect(isToldApart(honest), JSON.stringify(honest)).toBe(false);
    const caught = await apart(hasty, 1);
    expect(isToldApart(caught), JSON.stringify(caught)).toBe(true);
  });
});
