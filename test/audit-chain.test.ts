import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newUser, type TestUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { newAdmin, rawDatabase, type Verification, verified } from './support/audit.ts';
import { listen } from './support/console.ts';
import { roundTrips } from './support/costs.ts';
import { tick } from './support/cron.ts';

const GUARDED = ['audit_logs', 'audit_seals'] as const;

let admin: TestUser;
beforeAll(async () => {
  admin = await newAdmin();
});

/** What somebody does who has the database in hand and knows its triggers. */
async function tamper(...statements: string[]): Promise<void> {
  const database = rawDatabase();
  const { results } = await database
    .prepare("/* test */ select name, sql from sqlite_master where type = 'trigger' and tbl_name like 'audit%'")
    .all<{ name: string; sql: string }>();
  await database.batch(results.map(({ name }) => database.prepare(`drop trigger ${name}`)));
  await database.batch(statements.map((sql) => database.prepare(sql)));
  await database.batch(results.map(({ sql }) => database.prepare(sql)));
}

const seqs = async (table: (typeof GUARDED)[number]): Promise<number[]> => {
  const { results } = await rawDatabase()
    .prepare(`/* test */ select seq from ${table} order by seq`)
    .all<{ seq: number }>();
  return results.map(({ seq }) => seq);
};
const last = async (table: (typeof GUARDED)[number]) => (await seqs(table)).at(-1) ?? 0;

/** As many entries as that, sealed. @returns the number of the first of them. */
async function sealedEntries(count: number): Promise<number> {
  const { token } = await newUser();
  const first = (await last('audit_logs')) + 1;
  for (let i = 0; i < count; i++) await call('/v1/tags', { token, body: { name: `Tag ${i}` } });
  await tick();
  expect(await last('audit_seals')).toBe(first + count - 1);
  return first;
}

/** Begins a log anew. */
async function emptyLog(): Promise<void> {
  const away = GUARDED.map((table) => `/* test */ delete from ${table}`);
  await tamper(...away, "/* test */ delete from sqlite_sequence where name = 'audit_logs'");
}

describe('the tables', () => {
  it.each(GUARDED)('%s take no change, and nothing away', async (table) => {
    const first = await sealedEntries(2);
    const hash = table === 'audit_seals' ? 'hash' : 'action';
    for (const sql of [
      `update ${table} set ${hash} = ${hash} where seq = ${first}`,
      `/* test */ delete from ${table} where seq = ${first}`,
      `/* test */ delete from ${table}`,
      `insert or replace into ${table} select * from ${table} where seq = ${first}`,
      `replace into ${table} select * from ${table} where seq = ${first + 1}`,
      `insert into ${table} select * from ${table} where seq = ${first} on conflict do update set seq = 999999`,
    ]) {
      await expect(rawDatabase().prepare(sql).run(), sql).rejects.toThrow(`${table} is append-only`);
    }
    expect(await verified(admin)).toMatchObject({ ok: true });
  });

  it('leave no gap in the numbers when a write is undone', async () => {
    const { token } = await newUser();
    await call('/v1/tags', { token, body: { name: 'Taken' } });
    const before = await last('audit_logs');
    for (let i = 0; i < 3; i++) await call('/v1/tags', { token, body: { name: 'Taken' } });
    const database = rawDatabase();
    const insert = `insert into audit_logs (id, created_at, actor_type, action, outcome, request_id, is_security)
      values ('${crypto.randomUUID()}', 1, 'user', 'x', 'succeeded', 'x', 0)`;
    const undone = database.batch([database.prepare(insert), database.prepare("select json_extract('{}', 'x')")]);
    await expect(undone).rejects.toThrow('bad JSON path');
    await call('/v1/tags', { token, body: { name: 'Other' } });
    expect(await last('audit_logs')).toBe(before + 4);
    const all = await seqs('audit_logs');
    expect(all).toEqual(all.map((_, index) => index + 1));
  });
});

describe('sealing', () => {
  it('happens at every tick, once, whoever else does it', async () => {
    const { token } = await newUser();
    await Promise.all(Array.from({ length: 30 }, (_, i) => call('/v1/tags', { token, body: { name: `Tag ${i}` } })));
    const upTo = await last('audit_logs');
    await Promise.all(Array.from({ length: 8 }, () => tick()));
    expect(await seqs('audit_seals')).toEqual(await seqs('audit_logs'));
    expect(await last('audit_seals')).toBeGreaterThanOrEqual(upTo);
    expect(await verified(admin)).toMatchObject({ ok: true });
  });

  it('happens without the clock, too, after a write', async () => {
    const bindings = { ...env };
    const { token } = await newUser();
    const before = await last('audit_seals');
    await call('/v1/tags', { token, bindings, body: { name: 'Sealed at once' } });
    expect(await last('audit_seals')).toBeGreaterThan(before);
    expect(await last('audit_seals')).toBe(await last('audit_logs'));
  });

  it('writes the newest hash into the log of the Worker, where nobody can change it with the database', async () => {
    const { token } = await newUser();
    await call('/v1/tags', { token, body: { name: 'Anchor' } });
    const { lines, stop } = listen();
    await tick();
    stop();
    const { head } = await verified(admin);
    const line = lines.map((text) => JSON.parse(text)).find(({ event }) => event === 'audit.sealed');
    expect(line).toMatchObject({ seq: head?.seq, hash: head?.hash });
  });
});

describe('verification', () => {
  beforeEach(emptyLog);
  afterEach(emptyLog);

  /** `n` stands for the number of the first of ten sealed entries. */
  const CASES: [what: string, sql: (n: number) => string[], at: number, reason: string][] = [
    ['an entry that was changed', (n) => [`update audit_logs set action = 'x' where seq = ${n + 4}`], 4, 'changed'],
    ['a changed time', (n) => [`update audit_logs set created_at = created_at + 1 where seq = ${n + 4}`], 4, 'changed'],
    ['changed details', (n) => [`update audit_logs set details = '{ }' where seq = ${n + 9}`], 9, 'changed'],
    ['the first entry changed', () => ['update audit_logs set actor_id = null where seq = 1'], -1, 'changed'],
    ['an entry that was removed', (n) => [`delete from audit_logs where seq = ${n + 4}`], 4, 'removed'],
    [
      'an entry that was removed with its seal',
      (n) => [`delete from audit_logs where seq = ${n + 4}`, `delete from audit_seals where seq = ${n + 4}`],
      4,
      'missing',
    ],
    [
      'two entries that were swapped',
      (n) => [
        `update audit_logs set seq = -1 where seq = ${n + 3}`,
        `update audit_logs set seq = ${n + 3} where seq = ${n + 6}`,
        `update audit_logs set seq = ${n + 6} where seq = -1`,
      ],
      3,
      'changed',
    ],
    [
      'an entry that was put in for another',
      (n) => [
        `delete from audit_logs where seq = ${n + 4}`,
        `insert into audit_logs (seq, id, created_at, actor_type, action, outcome, request_id, is_security)
          values (${n + 4}, '${crypto.randomUUID()}', 1, 'user', 'deleteTag', 'succeeded', 'x', 0)`,
      ],
      4,
      'changed',
    ],
    ['an entry put in without a seal', (n) => [`delete from audit_seals where seq = ${n + 4}`], 4, 'inserted'],
    [
      'a seal that was changed',
      (n) => [`update audit_seals set hash = '${'0'.repeat(64)}' where seq = ${n + 4}`],
      4,
      'changed',
    ],
    ['a tail that was cut off', (n) => [`delete from audit_logs where seq > ${n + 6}`], 7, 'truncated'],
    [
      'a tail that was cut off with its seals',
      (n) => [`delete from audit_logs where seq > ${n + 6}`, `delete from audit_seals where seq > ${n + 6}`],
      7,
      'truncated',
    ],
    [
      'everything gone',
      () => ['/* test */ delete from audit_logs', '/* test */ delete from audit_seals'],
      -1,
      'truncated',
    ],
  ];

  it.each(CASES)('finds %s', async (_, sql, at, reason) => {
    const n = await sealedEntries(10);
    expect(await verified(admin)).toMatchObject({ ok: true });
    // That look left an entry; the log ends with sealed ones.
    await tick();
    await tamper(...sql(n).map((statement) => statement.replace(/^delete/, '/* test */ delete')));
    expect(await verified(admin)).toMatchObject({ ok: false, problem: { seq: at < 0 ? 1 : n + at, reason } });
  });

  it('finds what was removed before it could be sealed as a gap, when there is more behind it', async () => {
    const n = await sealedEntries(3);
    // Sealing goes on around it, and does not hide it.
    const insert = `insert into audit_logs (id, created_at, actor_type, action, outcome, request_id, is_security)
      values (lower(hex(randomblob(16))) || '0000', 1, 'user', 'x', 'succeeded', 'x', 0)`;
    await tamper(insert, insert, insert, `/* test */ delete from audit_logs where seq = ${n + 4}`);
    await tick();
    expect(await verified(admin)).toMatchObject({ ok: false, problem: { seq: n + 4, reason: 'missing' } });
  });

  it('finds a chain that was computed anew only by a hash that was noted elsewhere', async () => {
    const n = await sealedEntries(5);
    const { head } = await verified(admin);
    const anchor = `anchor=${head?.seq}:${head?.hash}`;
    expect(await verified(admin, anchor)).toMatchObject({ ok: true });
    await tamper(`update audit_logs set action = 'x' where seq = ${n + 2}`, '/* test */ delete from audit_seals');
    await tick();
    expect(await verified(admin)).toMatchObject({ ok: true });
    expect(await verified(admin, anchor)).toMatchObject({
      ok: false,
      problem: { seq: head?.seq, reason: 'other_head' },
    });
  });

  it('goes through the log stretch by stretch, and beyond what it has found', async () => {
    const n = await sealedEntries(10);
    const walk = async () => {
      const seen: Verification[] = [];
      for (let after: number | null = 0; after !== null; after = seen.at(-1)?.nextAfter ?? null) {
        seen.push(await verified(admin, `limit=4&after=${after}`));
        // Each look leaves an entry of its own.
        if (seen.length > 20) break;
      }
      return seen;
    };
    const whole = await walk();
    expect(whole.every(({ ok }) => ok)).toBe(true);
    expect(whole.map(({ checkedTo }) => checkedTo).slice(0, 3)).toEqual([4, 8, 12]);
    await tamper(...[n + 2, n + 7].map((seq) => `update audit_logs set action = 'x' where seq = ${seq}`));
    const problems = (await walk()).flatMap(({ problem }) => problem?.seq ?? []);
    expect(problems).toEqual([n + 2, n + 7]);
  });

  it('is one round trip, however much there is', async () => {
    await sealedEntries(20);
    await verified(admin);
    const answer = await call('/v1/admin/audit-logs/verify', admin);
    expect([answer.status, roundTrips(answer)]).toEqual([200, 1]);
  });

  it.each(['after=-1', 'limit=0', 'limit=2001', 'anchor=5', `anchor=0:${'a'.repeat(64)}`, 'anchor=1:xyz', 'after=x'])(
    'refuses %s',
    async (query) => {
      expect((await call(`/v1/admin/audit-logs/verify?${query}`, admin)).status).toBe(422);
    },
  );
});
