import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AuditRow } from '../../src/modules/audit/audit.table.ts';
import { canonicalEntry, findBreak, GENESIS, type Seal, sealEntries } from '../../src/modules/audit/chain.ts';
import { clientKind } from '../../src/modules/audit/client-kind.ts';
import { csvCell } from '../../src/modules/audit/export.ts';
import { createThrottle } from '../../src/shared/throttle.ts';

const entry = (seq: number, values: Partial<AuditRow> = {}): AuditRow => ({
  seq,
  id: `00000000-0000-7000-8000-${String(seq).padStart(12, '0')}`,
  createdAt: 1_800_000_000_000 + seq,
  actorType: 'user',
  actorId: 'ada',
  credentialId: null,
  accountId: 'ada',
  action: 'createTag',
  objectType: 'tag',
  objectId: String(seq),
  outcome: 'succeeded',
  errorCode: null,
  requestId: `request-${seq}`,
  address: null,
  client: null,
  isSecurity: 0,
  details: '{}',
  ...values,
});

const log = (length: number) => Array.from({ length }, (_, index) => entry(index + 1));

type Log = { entries: AuditRow[]; seals: Seal[]; end: number };

const look = ({ entries, seals, end }: Log) =>
  findBreak({
    after: 0,
    to: end,
    previousHash: GENESIS,
    entries,
    seals,
    sealedTo: seals.at(-1)?.seq ?? 0,
    lastEntry: entries.at(-1)?.seq ?? 0,
  });

describe('the chain', () => {
  const sealed = (length: number): Log => {
    const entries = log(length);
    return { entries, seals: sealEntries(entries, GENESIS), end: length };
  };

  it('has one form for an entry, for good', () => {
    expect(canonicalEntry(entry(7, { details: '{"removed":1}', isSecurity: 1 }))).toBe(
      '[7,"00000000-0000-7000-8000-000000000007","2027-01-15T08:00:00.007Z","user","ada",null,"ada","createTag","tag",' +
        '"7","succeeded",null,"request-7",null,null,true,{"removed":1}]',
    );
    expect(sealEntries([entry(7)], GENESIS)).toEqual([
      { seq: 7, hash: '1dfcce2cf70110cf51098cf84caeedf9ad1f3605c871797fe6a538a7dc37c104' },
    ]);
  });

  it('is whole however it was sealed, batch by batch', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 20 }), (length, batch) => {
        const entries = log(length);
        const seals: Seal[] = [];
        for (let at = 0; at < length; at += batch) {
          seals.push(...sealEntries(entries.slice(at, at + batch), seals.at(-1)?.hash ?? GENESIS));
        }
        expect(seals).toEqual(sealEntries(entries, GENESIS));
        expect(look({ entries, seals, end: length })).toBeUndefined();
        // The newest may wait for their seal.
        expect(look({ entries, seals: seals.slice(0, length >> 1), end: length })).toBeUndefined();
      }),
    );
  });

  it('shows any one change, removal or insertion, and where it was', () => {
    const changes = fc.constantFrom<Partial<AuditRow>>(
      { action: 'deleteTag' },
      { actorId: null },
      { createdAt: 1 },
      { outcome: 'refused' },
      { details: '{ }' },
      { isSecurity: 1 },
      { requestId: 'other' },
      { id: 'other' },
      { address: 'x' },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(), changes, (length, at, change) => {
        const whole = sealed(length);
        const seq = (at % length) + 1;
        const changed = whole.entries.map((row) => (row.seq === seq ? { ...row, ...change } : row));
        expect(look({ ...whole, entries: changed })).toEqual({ seq, reason: 'changed' });
        const removed = whole.entries.filter((row) => row.seq !== seq);
        expect(look({ ...whole, entries: removed })?.seq).toBe(seq);
        const unsealed = whole.seals.filter((seal) => seal.seq !== seq);
        expect(look({ ...whole, entries: removed, seals: unsealed })?.seq).toBe(seq);
        if (seq < length) expect(look({ ...whole, seals: unsealed })).toEqual({ seq, reason: 'inserted' });
      }),
    );
  });

  it('shows entries that changed places', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 40 }), fc.nat(), fc.nat(), (length, a, b) => {
        const [first = 1, second = 1] = [(a % length) + 1, (b % length) + 1].sort((x, y) => x - y);
        fc.pre(first < second);
        const whole = sealed(length);
        const swap = (seq: number) => (seq === first ? second : seq === second ? first : seq);
        const entries = whole.entries.map((row) => entry(swap(row.seq), { ...row, seq: swap(row.seq) }));
        entries.sort((x, y) => x.seq - y.seq);
        expect(look({ ...whole, entries })).toEqual({ seq: first, reason: 'changed' });
      }),
    );
  });

  it('shows a tail that was cut off', () => {
    const { entries, seals } = sealed(10);
    const cut = { entries: entries.slice(0, 6), seals: seals.slice(0, 6), end: 10 };
    expect(look(cut)).toEqual({ seq: 7, reason: 'truncated' });
    expect(look({ entries: [], seals: [], end: 10 })).toEqual({ seq: 1, reason: 'truncated' });
  });
});

describe('the kind of a client', () => {
  it.each([
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox on Windows'],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15',
      'Safari on macOS',
    ],
    [
      'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0',
      'Edge on Windows',
    ],
    [
      'Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36',
      'Chrome on Android',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 Mobile/15E148 Safari/604.1',
      'Chrome on iOS',
    ],
    ['curl/8.9.1', 'curl'],
    ['python-requests/2.32', 'Python'],
    ['node', 'Node.js'],
    ['ada@example.com cpa_secret', 'other'],
    ['', null],
    [undefined, null],
  ])('%s → %s', (userAgent, kind) => {
    expect(clientKind(userAgent)).toBe(kind);
  });

  it('is one of few words, whatever somebody writes', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 2_000, unit: 'binary' }), (text) => {
        expect(clientKind(text) ?? 'other').toMatch(/^[A-Za-z.]+( on [A-Za-z]+)?$/);
      }),
    );
  });
});

describe('a cell of a table', () => {
  it.each([
    ['=1+1', `"'=1+1"`],
    ['+1', `"'+1"`],
    ['-1', `"'-1"`],
    ['@SUM(A1)', `"'@SUM(A1)"`],
    ['\tx', `"'\tx"`],
    ['\rx', `"'\rx"`],
    ['a"b', '"a""b"'],
    ['', '""'],
    [null, ''],
    [7, '"7"'],
    [true, '"true"'],
    [{ a: '"' }, String.raw`"{""a"":""\""""}"`],
  ])('%j becomes %s', (value, cell) => {
    expect(csvCell(value)).toBe(cell);
  });
});

describe('a throttle', () => {
  it('lets through the first, and one in each stretch of time', () => {
    let now = 5;
    const { isDue } = createThrottle({ everyMs: 10, now: () => now });
    const seen = [0, 1, 9, 10, 11, 25, 34, 35].map((time) => {
      now = 5 + time;
      return isDue();
    });
    expect(seen).toEqual([true, false, false, true, false, true, false, true]);
  });
});
