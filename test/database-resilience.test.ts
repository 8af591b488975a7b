import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { describe, expect, it, vi } from 'vitest';
import { createRepository } from '../src/db/repository.ts';
import { isTransient, retryRead } from '../src/db/retry.ts';
import { tags } from '../src/modules/library/library.table.ts';
import { TimeoutError } from '../src/shared/attempts.ts';
import { BreakerOpenError } from '../src/shared/breaker.ts';
import { COOL_DOWN_MS, insertUser, newTag, openDatabase, THRESHOLD, unreliable } from './support/database.ts';

const LOST = 'D1_ERROR: Network connection lost.';
const owner = await insertUser(openDatabase().database);

/** A repository on a database whose calls misbehave as planned. */
function openUnreliable(plan: (call: number) => string | 'hang' | undefined, options: { timeoutMs?: number } = {}) {
  const { seen, d1 } = unreliable(env.DB, plan);
  const opened = openDatabase({ d1, ...options });
  return { ...opened, seen, rows: createRepository(opened.database, tags) };
}

const causes = (error: unknown): unknown[] => (error instanceof Error ? [error, ...causes(error.cause)] : []);
const causedBy = (type: new (message: string) => Error) => (error: unknown) =>
  causes(error).some((cause) => cause instanceof type);

describe('a transient failure', () => {
  it('of a read is tried again, twice at most', async () => {
    const twice = openUnreliable((call) => (call <= 2 ? LOST : undefined));
    expect(await twice.rows.count(owner)).toBe(0);
    expect(twice.seen.calls).toBe(3);
    expect(twice.meter).toMatchObject({ roundTrips: 3, statements: 1 });

    const always = openUnreliable(() => LOST);
    await expect(always.rows.count(owner)).rejects.toSatisfy((error) => causes(error).some(isTransient));
    expect(always.seen.calls).toBe(3);
  });

  it('of a batch of reads and of a recursive read is tried again', async () => {
    const { database, rows, seen } = openUnreliable((call) => (call % 2 === 1 ? LOST : undefined));
    const id = crypto.randomUUID();
    expect(await database.commit([rows.select(owner, id), rows.select(owner, id)])).toEqual([[], []]);
    await database.orm.all(
      sql`with recursive n (i) as (select 1 union all select i + 1 from n where i < 3) select i from n`,
    );
    expect(seen.calls).toBe(4);
  });

  it('of a write, alone or in a batch, is left to the caller, who knows whether it may be repeated', async () => {
    const row = newTag(owner, { name: 'Once' });
    const { database, rows, seen } = openUnreliable(() => LOST);
    await expect(database.commit([rows.select(owner, row.id), rows.insert(row)])).rejects.toThrow(LOST);
    await expect(Promise.resolve(rows.insert(row))).rejects.toThrow();
    await expect(
      Promise.resolve(database.orm.all(sql`with t (id) as (select ${row.id}) delete from tags where id in t`)),
    ).rejects.toThrow();
    expect(seen.calls).toBe(3);
  });

  it('is waited out for a random time that grows', async () => {
    const waits = async (random: number) => {
      const timers = vi.spyOn(globalThis, 'setTimeout');
      vi.spyOn(Math, 'random').mockReturnValue(random);
      await retryRead(() => Promise.reject(new Error('D1_ERROR: Network connection lost.'))).catch(() => undefined);
      const delays = timers.mock.calls.map(([, delayMs]) => delayMs);
      vi.restoreAllMocks();
      return delays;
    };
    expect(await waits(1)).toEqual([50, 100]);
    expect(await waits(0.5)).toEqual([25, 50]);
    expect(await waits(0)).toEqual([0, 0]);
  });

  it('says nothing of what people wrote', async () => {
    const { database, rows } = openUnreliable(() => 'D1_ERROR: broken');
    const secret = 'zebra';
    const attempts: (() => PromiseLike<unknown>)[] = [
      () => rows.count(owner, { filter: { name: secret } }),
      () => rows.insert(newTag(owner, { name: secret })),
      () => database.orm.all(sql`select ${secret} as secret`),
      () => database.orm.run(sql`delete from tags where id = ${secret}`),
      () => database.commit([rows.insert(newTag(owner, { name: secret }))]),
    ];
    for (const attempt of attempts) {
      const error = await Promise.resolve(attempt()).catch((reason: unknown) => reason);
      expect(causes(error).map(String).join()).toContain('D1_ERROR: broken');
      for (const cause of causes(error)) expect(`${cause} ${JSON.stringify(cause)}`).not.toContain(secret);
    }
  });

  it('is not what a constraint or a mistake is', async () => {
    const { rows, seen } = openUnreliable((call) => (call === 1 ? 'D1_ERROR: no such table: nothing' : undefined));
    await expect(rows.count(owner)).rejects.toThrow();
    expect(seen.calls).toBe(1);
  });
});

describe('a database that does not answer', () => {
  it('ends in a time-out, once, for reads and for writes', async () => {
    const { database, rows, seen } = openUnreliable(() => 'hang', { timeoutMs: 20 });
    await expect(rows.count(owner)).rejects.toSatisfy(causedBy(TimeoutError));
    await expect(database.commit([rows.remove(owner, [])])).rejects.toSatisfy(causedBy(TimeoutError));
    expect(seen.calls).toBe(2);
  });

  it('opens the breaker, which lets one probe through after a while and closes when that succeeds', async () => {
    let down = true;
    const { rows, seen, breaker, clock } = openUnreliable(() => (down ? 'hang' : undefined), { timeoutMs: 5 });
    const read = () => rows.count(owner);
    for (let i = 0; i < THRESHOLD; i++) await expect(read()).rejects.toSatisfy(causedBy(TimeoutError));
    expect(breaker.state()).toBe('open');

    await expect(read()).rejects.toSatisfy(causedBy(BreakerOpenError));
    expect(seen.calls).toBe(THRESHOLD);

    clock.now += COOL_DOWN_MS;
    expect(breaker.state()).toBe('half-open');
    const [probe, held] = await Promise.allSettled([read(), read()]);
    expect(causedBy(TimeoutError)(probe.status === 'rejected' && probe.reason)).toBe(true);
    expect(causedBy(BreakerOpenError)(held.status === 'rejected' && held.reason)).toBe(true);
    expect(breaker.state()).toBe('open');

    down = false;
    clock.now += COOL_DOWN_MS;
    expect(await read()).toBe(0);
    expect(breaker.state()).toBe('closed');
    expect(seen.calls).toBe(THRESHOLD + 2);
  });

  it('is not what a refused write is: that proves that the database answers', async () => {
    const { database, rows, breaker } = openUnreliable(() => undefined);
    const row = newTag(owner, { name: crypto.randomUUID() });
    await database.commit([rows.insert(row)]);
    for (let i = 0; i < THRESHOLD + 1; i++) await expect(database.commit([rows.insert(row)])).rejects.toThrow('UNIQUE');
    expect(breaker.state()).toBe('closed');
  });
});

describe('the meter', () => {
  it('counts calls, statements, and rows read and written', async () => {
    const { database, meter } = openDatabase();
    const rows = createRepository(database, tags);
    const mine = await insertUser(database);
    const start = { ...meter };
    const spent = () => ({
      roundTrips: meter.roundTrips - start.roundTrips,
      statements: meter.statements - start.statements,
      rowsRead: meter.rowsRead - start.rowsRead,
    });
    await database.commit([rows.insert(newTag(mine, { name: 'A' })), rows.insert(newTag(mine, { name: 'B' }))]);
    expect(spent()).toMatchObject({ roundTrips: 1, statements: 2 });
    // Each row, and its entries in the primary key and two indexes.
    expect(meter.rowsWritten - start.rowsWritten).toBe(8);
    const written = meter.rowsWritten;
    const read = spent().rowsRead;
    expect((await rows.list(mine, { limit: 50, sort: 'createdAt', order: 'desc' })).items).toHaveLength(2);
    expect(spent()).toMatchObject({ roundTrips: 2, statements: 3 });
    // Two rows, and at most the one behind them in the index.
    expect([2, 3]).toContain(spent().rowsRead - read);
    expect(meter.rowsWritten).toBe(written);
    expect(meter.waitMs).toBeGreaterThanOrEqual(0);
    expect(await database.commit([])).toEqual([]);
    expect(spent().roundTrips).toBe(2);
  });
});

describe('a session', () => {
  const BOOKMARK = /^[\da-f]{8}-[\da-f]{8}-[\da-f]{8}-[\da-f]{32}$/;

  it('gives a bookmark, and goes on from one', async () => {
    const first = openDatabase().database;
    await insertUser(first);
    const bookmark = first.bookmark() ?? '';
    expect(bookmark).toMatch(BOOKMARK);

    const { seen, d1 } = unreliable(env.DB, () => undefined);
    const next = openDatabase({ d1, session: bookmark }).database;
    expect(seen.sessions).toEqual([bookmark]);
    await next.orm.all(sql`select 1 as one`);
    expect(next.bookmark()).toMatch(BOOKMARK);
  });

  it.each(['first-unconstrained', 'nonsense', ''])('begins at the primary when it is given %j', (session) => {
    const { seen, d1 } = unreliable(env.DB, () => undefined);
    openDatabase({ d1, session });
    expect(seen.sessions).toEqual(['first-primary']);
  });
});
