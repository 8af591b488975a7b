import { describe, expect, it } from 'vitest';
import { createLimitNotes, type LimitNote, NOTES_DELAY_MS } from '../../src/modules/limits/limit-notes.ts';

const refused = (subject: string, at = 0): LimitNote => ({
  subject,
  kind: 'requests',
  userId: null,
  policy: 'default',
  quota: 10,
  remaining: 0,
  refusals: 1,
  refusedAt: at,
  blockedUntil: at + 1,
  seenAt: at,
});
const near = (subject: string): LimitNote => ({ ...refused(subject), remaining: 1, refusals: 0, refusedAt: null });
const locked = (subject: string, blockedUntil: number): LimitNote => ({
  ...near(subject),
  kind: 'attempts',
  blockedUntil,
});

describe('notes of who came near a limit', () => {
  const time = { now: 1000 };
  const notes = () => {
    time.now = 1000;
    return createLimitNotes({ now: () => time.now });
  };

  it('are written by one of those who take them, together', () => {
    const gathered = notes();
    expect(['a', 'b', 'c'].map((subject) => gathered.add(refused(subject)))).toEqual([true, false, false]);
    expect(gathered.take(9).map(({ subject }) => subject)).toEqual(['a', 'b', 'c']);
    expect(gathered.take(9)).toEqual([]);
  });

  it('tell of who keeps asking every ten seconds, with every refusal counted', () => {
    const gathered = notes();
    gathered.add(refused('a'));
    expect(gathered.take(9)).toMatchObject([{ refusals: 1 }]);
    for (let index = 0; index < 500; index++) expect(gathered.add(refused('a'))).toBe(false);
    expect(gathered.take(9)).toEqual([]);
    time.now += 10_000;
    gathered.add(refused('a', time.now));
    expect(gathered.take(9)).toMatchObject([{ refusals: 501, refusedAt: time.now }]);
  });

  it('tell at once that who was near is refused, and of every lock-out and its end', () => {
    const gathered = notes();
    for (const note of [near('a'), near('a'), refused('a')]) gathered.add(note);
    expect(gathered.take(9)).toMatchObject([{ subject: 'a', remaining: 0, refusals: 1 }]);
    for (const until of [5000, 0, 7000, 0]) {
      time.now += NOTES_DELAY_MS * 2;
      expect(gathered.add(locked('b', until))).toBe(true);
      expect(gathered.take(9)).toMatchObject([{ blockedUntil: until }]);
    }
  });

  it('of a flood are those that were refused most', () => {
    const gathered = notes();
    for (let index = 0; index < 100; index++) gathered.add({ ...refused(`subject ${index}`), refusals: index });
    expect(gathered.take(3).map(({ refusals }) => refusals)).toEqual([99, 98, 97]);
  });
});
