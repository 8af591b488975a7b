import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createJobTurnsRepository, type Places } from '../src/modules/ingestion/job-turns.repository.ts';
import { rawDatabase } from './support/audit.ts';
import { insertUser, openDatabase } from './support/database.ts';

const { database } = openDatabase();
const turns = createJobTurnsRepository(database);
const raw = rawDatabase();
const LEASE_MS = 1_000_000;

/** Nothing happens at the same time as anything else. */
let now = 1_000_000;

type Waiting = { id: string; dueAt: number };

const insert = (ownerId: string, { id, dueAt }: Waiting) =>
  raw
    .prepare(
      `insert into processing_jobs (id, owner_id, type, status, due_at, created_at, updated_at)
       values (?, ?, 'sync_document', 'queued', ?, ?, ?)`,
    )
    .bind(id, ownerId, dueAt, dueAt, dueAt);

const newUsers = (count: number) => Promise.all(Array.from({ length: count }, () => insertUser(database)));

describe('the table of turns', () => {
  /** ?1: the owner; ?2: which of their jobs; ?3: the time. */
  const ONE = '(select id from processing_jobs where owner_id = ?1 order by id limit 1 offset ?2)';
  const ACTS: Record<string, string> = {
    take: `update processing_jobs set status = 'running', lease_token = ?3, due_at = ?3 + 60, updated_at = ?3
      where id = ${ONE} and due_at is not null`,
    hold: `update processing_jobs set status = 'running', due_at = ?3, updated_at = ?3
      where id = ${ONE} and due_at is not null`,
    end: `update processing_jobs set status = 'succeeded', lease_token = null, due_at = null, updated_at = ?3 where id = ${ONE}`,
    postpone: `update processing_jobs set status = 'queued', lease_token = null, due_at = ?3 + 5, updated_at = ?3
      where id = ${ONE} and due_at is not null`,
    cancelAll: `update processing_jobs set status = 'cancelled', lease_token = null, due_at = null, updated_at = ?3
      where owner_id = ?1 and due_at is not null and ?2 >= 0`,
    restart: `update processing_jobs set status = 'queued', due_at = ?3, updated_at = ?3
      where id = ${ONE} and due_at is null`,
    setBack: `update processing_jobs set status = 'running', lease_token = 'x', due_at = ?3, updated_at = ?3 - 1000
      where id = ${ONE}`,
    delete: `delete from processing_jobs where id = ${ONE} and ?3 > 0`,
  };
  const COUNTED = `select running, due_at, turn_at, served_at,
    (select count(*) from processing_jobs as job where job.owner_id = turn.owner_id and lease_token is not null) as counted,
    (select min(due_at) from processing_jobs as job where job.owner_id = turn.owner_id and status = 'queued') as first
    from job_turns as turn`;
  type Row = Record<'running' | 'due_at' | 'turn_at' | 'served_at' | 'counted' | 'first', number | null>;

  it('says what the jobs say, whatever is done to them', async () => {
    const owners = await newUsers(3);
    const step = fc.record({
      act: fc.constantFrom('insert', 'insert', ...Object.keys(ACTS)),
      owner: fc.constantFrom(...owners),
      which: fc.nat(5),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        const statements = steps.map(({ act, owner, which }) => {
          now += 1;
          const sql = ACTS[act];
          if (sql !== undefined) return raw.prepare(sql).bind(owner, which, now);
          return insert(owner, { id: crypto.randomUUID(), dueAt: now });
        });
        await raw.batch(statements);
        const { results } = await raw.prepare(COUNTED).all<Row>();
        for (const row of results) {
          expect(row).toMatchObject({ running: row.counted, due_at: row.first });
          expect(row.turn_at).toBe(row.first === null ? null : Math.max(row.first, row.served_at ?? 0));
        }
      }),
      { numRuns: 25 },
    );
    await raw.prepare('delete from processing_jobs').run();
  });
});

/** What the claim should do, in plain words. */
function createModel(owners: string[], { perOwner, inAll }: Places) {
  const people = owners.map((id) => ({ id, queued: [] as Waiting[], running: [] as string[], servedAt: 0 }));
  type Person = (typeof people)[number];
  const since = ({ queued, servedAt }: Person) => Math.max(servedAt, ...queued.slice(0, 1).map(({ dueAt }) => dueAt));
  const waiting = () => people.filter(({ queued }) => queued.length > 0);
  return {
    of: (id: string) => people.find((person) => person.id === id),
    anyQueued: () => waiting().flatMap(({ queued }) => queued.map(({ id }) => id)),
    /** Whose turn it is. */
    next(): Person | undefined {
      if (people.flatMap(({ running }) => running).length >= inAll) return undefined;
      const allowed = waiting().filter(({ running }) => running.length < perOwner);
      return allowed.sort((a, b) => a.running.length - b.running.length || since(a) - since(b))[0];
    },
    take(person: Person, id: string) {
      person.queued = person.queued.filter((job) => job.id !== id);
      person.running.push(id);
      person.servedAt = now;
    },
  };
}

type Model = ReturnType<typeof createModel>;

async function arrive(model: Model, owner: string): Promise<void> {
  const job = { id: crypto.randomUUID(), dueAt: now };
  await insert(owner, job).run();
  model.of(owner)?.queued.push(job);
}

async function end(model: Model, owner: string): Promise<void> {
  const id = model.of(owner)?.running.shift();
  if (id === undefined) return;
  const sql =
    "update processing_jobs set status = 'succeeded', lease_token = null, due_at = null, updated_at = ? where id = ?";
  await raw.prepare(sql).bind(now, id).run();
}

async function claim(model: Model, { places, which }: { places: Places; which: number }): Promise<void> {
  const queued = model.anyQueued();
  const wanted = queued[which % queued.length];
  if (wanted === undefined) return;
  const moment = { now, leaseMs: LEASE_MS, leaseToken: crypto.randomUUID(), places };
  const [[taken]] = await database.commit(turns.claim(wanted, moment));
  const next = model.next();
  expect(taken?.ownerId).toBe(next?.id);
  if (!taken || !next) return;
  const wantsOwn = next.queued.some(({ id }) => id === wanted);
  expect(taken.id).toBe(wantsOwn ? wanted : next.queued[0]?.id);
  model.take(next, taken.id);
}

describe('a place', () => {
  it('goes to the one who has the fewest and waits longest, and nobody starves', async () => {
    const owners = await newUsers(5);
    const move = fc.record({
      kind: fc.constantFrom('arrive', 'claim', 'claim', 'end'),
      owner: fc.constantFrom(...owners),
      which: fc.nat(20),
    });
    const limits = fc.record({ perOwner: fc.integer({ min: 1, max: 3 }), inAll: fc.integer({ min: 1, max: 6 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(move, { minLength: 20, maxLength: 50 }), limits, async (moves, places) => {
        await raw.batch([
          raw.prepare('delete from processing_jobs'),
          raw.prepare('update job_turns set served_at = 0'),
        ]);
        const model = createModel(owners, places);
        for (const { kind, owner, which } of moves) {
          now += 1;
          if (kind === 'arrive') await arrive(model, owner);
          else if (kind === 'end') await end(model, owner);
          else await claim(model, { places, which });
        }
      }),
      { numRuns: 12 },
    );
  });
});
