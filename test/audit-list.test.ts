import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { newUser, type TestUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { type AuditEntry, entries, newAdmin } from './support/audit.ts';
import { listen } from './support/console.ts';
import { roundTrips } from './support/costs.ts';
import { hostileQueries } from './support/hostile-input.ts';
import { describedOperations } from './support/openapi-operations.ts';
import { addEntries, entryAt, type SyntheticEntry } from './support/synthetic-entries.ts';
import { checkedCall } from './support/well-formed.ts';

/** Before all entries that these tests leave themselves: numbers go with times, as they do in life. */
const START = Date.UTC(2020, 0, 1);
const STEP_MS = 2_000;

const people = Array.from({ length: 3 }, () => crypto.randomUUID());
const things = Array.from({ length: 4 }, () => crypto.randomUUID());
const actions = ['auth.login', 'auth.logout', 'createTag', 'createCollection', 'authorise', 'sweep.x'];
const outcomes = ['succeeded', 'succeeded', 'succeeded', 'refused', 'failed'];
const pick = <T>(list: T[], at: number): T => list[at % list.length] as T;

let admin: TestUser;
/** When somebody did twenty thousand things in a few minutes. */
const BUSY = START + 1_000_000_000;
const busy = crypto.randomUUID();
/** In the order of their numbers. */
const synthetic: SyntheticEntry[] = [];

beforeAll(async () => {
  for (let i = 0; i < 400; i++) {
    // Clocks differ: times do not quite go with the numbers.
    const time = START + i * STEP_MS + ((i * 7919) % 14_000);
    synthetic.push(
      entryAt(time, {
        actor_id: i % 5 === 0 ? null : pick(people, i * 31),
        action: pick(actions, i * 17 + (i >> 3)),
        object_id: i % 3 === 0 ? null : pick(things, i * 13 + (i >> 2)),
        outcome: pick(outcomes, i * 3 + (i >> 3)),
        request_id: `request-${i >> 2}`,
      }),
    );
  }
  await addEntries(synthetic);
  await addEntries(
    Array.from({ length: 20_000 }, (_, i) =>
      entryAt(BUSY + i * 10, { actor_id: busy, action: pick(actions, i), object_id: busy, request_id: busy }),
    ),
  );
  admin = await newAdmin();
});

/** All pages of a list. */
async function pages(query: Record<string, string>): Promise<AuditEntry[]> {
  const items: AuditEntry[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const search: URLSearchParams = new URLSearchParams({ ...query, ...(cursor && { cursor }) });
    const { status, body } = await call(`/v1/admin/audit-logs?${search}`, admin);
    expect(status, JSON.stringify(body)).toBe(200);
    items.push(...body.items);
    cursor = body.nextCursor;
  }
  return items;
}

type Filter = {
  actorId?: string;
  action?: string;
  actionPrefix?: string;
  objectId?: string;
  outcome?: string;
  requestId?: string;
  from?: string;
  to?: string;
};

const matches =
  ({ actorId, action, actionPrefix, objectId, outcome, requestId, from, to }: Filter) =>
  (entry: SyntheticEntry): boolean =>
    (actorId === undefined || entry.actor_id === actorId) &&
    (action === undefined || entry.action === action) &&
    (actionPrefix === undefined || entry.action.startsWith(actionPrefix)) &&
    (objectId === undefined || entry.object_id === objectId) &&
    (outcome === undefined || entry.outcome === outcome) &&
    (requestId === undefined || entry.request_id === requestId) &&
    (from === undefined || entry.created_at >= Date.parse(from)) &&
    (to === undefined || entry.created_at <= Date.parse(to));

const optional = (values: string[]) => fc.option(fc.constantFrom(...values), { nil: undefined });
const times = [0, 1, 99, 250, 380, 410].map((i) => new Date(START + i * STEP_MS + 7_000).toISOString());

describe('the list', () => {
  it('finds what matches, newest first, by any filters together', async () => {
    const filters = fc.record({
      actorId: optional(people),
      action: optional(actions),
      actionPrefix: optional(['auth.', 'create', 'a', 'auth.login', 'nothing']),
      objectId: optional(things),
      outcome: optional(['succeeded', 'refused', 'failed']),
      requestId: optional(['request-7', 'request-50', 'request-none']),
      from: optional(times),
      to: optional(times),
    });
    await fc.assert(
      fc.asyncProperty(filters, fc.integer({ min: 20, max: 200 }), async (filter, limit) => {
        const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
        const query = { to: times.at(-1) ?? '', ...given };
        const found = await pages({ ...query, limit: String(limit) });
        const expected = synthetic.filter(matches(query)).reverse();
        expect(found.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
      }),
      { numRuns: 80 },
    );
  });

  it.each<[string, Filter]>([
    ['actor', { actorId: people[0] ?? '' }],
    ['action', { action: 'auth.login', to: times.at(-1) ?? '' }],
    ['prefix of the action', { actionPrefix: 'auth.', to: times.at(-1) ?? '' }],
    ['object', { objectId: things[0] ?? '' }],
    ['outcome', { outcome: 'refused' }],
    ['request id', { requestId: 'request-7' }],
    ['time', { from: times[2] ?? '', to: times[3] ?? '' }],
  ])('finds them by %s alone', async (_, filter) => {
    const found = await pages({ ...filter, limit: '200' });
    const ours = found.filter(({ at }) => Date.parse(at) < BUSY);
    expect(ours.map(({ id }) => id)).toEqual(
      synthetic
        .filter(matches(filter))
        .reverse()
        .map(({ id }) => id),
    );
    expect(ours.length).toBeGreaterThan(0);
    expect(found.map(({ seq }) => seq)).toEqual(found.map(({ seq }) => seq).toSorted((a, b) => b - a));
  });

  it('neither repeats nor skips while others are added', async () => {
    const first = await call('/v1/admin/audit-logs?limit=5', admin);
    const { token } = await newUser();
    for (let i = 0; i < 3; i++) await call('/v1/tags', { token, body: { name: `Tag ${i}` } });
    const second = await call(`/v1/admin/audit-logs?limit=5&cursor=${first.body.nextCursor}`, admin);
    expect(second.body.items[0].seq).toBe(first.body.items.at(-1).seq - 1);
  });

  it.each([
    'limit=0',
    'limit=201',
    'outcome=perhaps',
    'actorId=me',
    'from=yesterday',
    'action=%27',
    'actionPrefix=',
    'cursor=abc',
    'objectId=%00',
  ])('refuses %s', async (query) => {
    expect((await call(`/v1/admin/audit-logs?${query}`, admin)).status).toBe(422);
  });

  it('survives hostile filters, as the other lists of administrators do', async () => {
    const operations = await describedOperations();
    const ours = operations.filter(({ path }) => path.startsWith('/v1/admin/audit-logs'));
    expect(ours).toHaveLength(3);
    for (const operation of ours) {
      for (const query of hostileQueries(operation.queryParameters)) {
        await checkedCall(operation.path + query, { operation, token: admin.token });
      }
    }
  });

  it('is for administrators', async () => {
    const { token } = await newUser();
    for (const path of ['', '/verify', '/export']) {
      expect((await call(`/v1/admin/audit-logs${path}`, { token })).status).toBe(403);
    }
  });
});

describe('costs', () => {
  it('one round trip for a page, and rows by its length, not by that of the log', async () => {
    const from = new Date(BUSY + 40_000).toISOString();
    const to = new Date(BUSY + 80_000).toISOString();
    for (const query of [
      '',
      `actorId=${busy}`,
      `objectId=${busy}`,
      `requestId=${busy}`,
      'action=auth.login',
      'actionPrefix=auth.',
      'outcome=refused',
      'outcome=succeeded',
      `from=${from}`,
      `actorId=${busy}&from=${from}`,
      `from=${from}&to=${to}`,
    ]) {
      const { lines, stop } = listen();
      const answer = await call(`/v1/admin/audit-logs?limit=20&${query}`, admin);
      stop();
      expect([answer.status, roundTrips(answer)], query).toEqual([200, 1]);
      expect(answer.body.items, query).toHaveLength(20);
      const { rowsRead } = lines.map((line) => JSON.parse(line)).find(({ event }) => event === 'request');
      expect(rowsRead, query).toBeLessThan(query.includes('to=') ? 2_000 : 400);
    }
    const past = await entries(admin, { to, limit: '1' });
    expect(past[0]?.at).toBe(to);
  });
});
