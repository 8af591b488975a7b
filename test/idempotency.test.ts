import { createExecutionContext, createScheduledController, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import worker from '../src/index.ts';
import { newApiKey, newUser } from './support/actors.ts';
import { type Answer, type Call, call } from './support/app.ts';
import { allRows } from './support/catalogue.ts';
import { roundTrips } from './support/costs.ts';
import { type DocumentView, uploadForm } from './support/library.ts';
import { watchedDatabase } from './support/watched-database.ts';

type Problem = { code: string; errors?: { path: string }[] };

const DAY_MS = 24 * 60 * 60 * 1000;
const LEASE_MS = 60_000;
const aKey = () => crypto.randomUUID();

afterEach(() => void vi.useRealTimers());

/** Lets the given time pass for everybody. */
function pass(milliseconds: number): void {
  const now = Date.now();
  vi.useFakeTimers({ toFake: ['Date'], now: now + milliseconds });
}

const post = <T = Problem & { id: string; name: string }>(path: string, key: string, options: Call) =>
  call<T>(path, { method: 'POST', ...options, headers: { 'idempotency-key': key, ...options.headers } });

const isReplayed = ({ headers }: Pick<Answer, 'headers'>) => headers.get('idempotency-replayed') === 'true';
const outcome = ({ status, body }: Answer<Problem>) => [status, body.code];

async function tagNames(token: string): Promise<string[]> {
  const { body } = await call<{ items: { name: string }[] }>('/v1/tags', { token });
  return body.items.map(({ name }) => name);
}

async function documentTitles(token: string): Promise<string[]> {
  const { body } = await call<{ items: DocumentView[] }>('/v1/documents', { token });
  return body.items.map(({ title }) => title);
}

/**
 * An isolate of its own in which something happens before the given call to the database: 1 finds out who asks, 2 claims
 * the key, 3 is what the request does, 4 stores its answer.
 */
function isolateWith(beforeCall: number, happens: () => Promise<unknown>, { once = false } = {}): typeof env {
  let calls = 0;
  const DB = watchedDatabase(env.DB, async () => {
    calls += 1;
    if (once ? calls === beforeCall : calls >= beforeCall) await happens();
  });
  return { ...env, DB };
}

/** An isolate that dies at the given call to the database. */
const dyingAt = (atCall: number) => isolateWith(atCall, () => Promise.reject(new Error('The isolate has died.')));

describe('a request that is sent again with its key', () => {
  it('takes effect once, and gets the first answer', async () => {
    const { token } = await newUser();
    const key = aKey();
    const first = await post('/v1/tags', key, { token, body: { name: 'Once' } });
    expect([first.status, isReplayed(first)]).toEqual([201, false]);
    for (const bindings of [env, { ...env }]) {
      const again = await post('/v1/tags', key, { token, bindings, body: { name: 'Once' } });
      expect([again.status, isReplayed(again)]).toEqual([201, true]);
      expect(again.body).toEqual(first.body);
      for (const header of ['content-type', 'location', 'etag']) {
        expect(again.headers.get(header), header).toBe(first.headers.get(header));
      }
    }
    expect(await tagNames(token)).toEqual(['Once']);
  });

  it('is refused when it is another request', async () => {
    const { token } = await newUser();
    const key = aKey();
    await post('/v1/tags', key, { token, body: { name: 'One' } });
    expect(outcome(await post('/v1/tags', key, { token, body: { name: 'Two' } }))).toEqual([
      409,
      'idempotency_key_reused',
    ]);
    expect(await tagNames(token)).toEqual(['One']);
  });

  it('shares its key with nobody else and no other path', async () => {
    const [one, other] = [await newUser(), await newUser()];
    const key = aKey();
    const body = { name: 'Same' };
    const ids = [
      await post('/v1/tags', key, { token: one.token, body }),
      await post('/v1/tags', key, { token: other.token, body }),
      await post('/v1/collections', key, { token: one.token, body }),
    ].map((answer) => {
      expect([answer.status, isReplayed(answer)]).toEqual([201, false]);
      return answer.body.id;
    });
    expect(new Set(ids).size).toBe(3);
  });

  it('takes effect once when it is sent twenty times at once', async () => {
    const { token } = await newUser();
    const key = aKey();
    const body = { name: 'Together' };
    const answers = await Promise.all(Array.from({ length: 20 }, () => post('/v1/collections', key, { token, body })));
    const made = answers.filter((answer) => answer.status === 201);
    expect(made.filter((answer) => !isReplayed(answer))).toHaveLength(1);
    expect(new Set(made.map((answer) => answer.body.id)).size).toBe(1);
    for (const answer of answers.filter(({ status }) => status !== 201)) {
      expect(outcome(answer)).toEqual([409, 'idempotency_in_progress']);
      expect(answer.headers.get('retry-after')).toBe('2');
    }
    const { body: list } = await call('/v1/collections', { token });
    expect(list.items).toHaveLength(1);
  });

  it('gets a refusal again that can only be the same, and another chance otherwise', async () => {
    const { token } = await newUser();
    const invalid = aKey();
    for (const replayed of [false, true]) {
      const answer = await post('/v1/tags', invalid, { token, body: { name: '' } });
      expect([answer.status, isReplayed(answer)]).toEqual([422, replayed]);
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
    }
    const nowhere = aKey();
    const search = { q: 'word', collectionId: crypto.randomUUID() };
    const found = await post('/v1/search', nowhere, { token, body: search });
    expect(outcome(await post('/v1/search', nowhere, { token, body: search }))).toEqual(outcome(found));
    const missing = `/v1/documents/${crypto.randomUUID()}/restore`;
    const key = aKey();
    for (let i = 0; i < 2; i++) {
      const answer = await post(missing, key, { token });
      expect([answer.status, isReplayed(answer)]).toEqual([404, false]);
    }
  });

  it('may be repeated for real after a day, when the clock has forgotten it', async () => {
    const { user, token } = await newUser();
    const credential = await newApiKey({ token }, ['tags:write']);
    const key = aKey();
    const make = () => post('/v1/tags', key, { token: credential.key, body: { name: 'Daily' } });
    expect([(await make()).status, isReplayed(await make())]).toEqual([201, true]);
    const stored = async () =>
      (await allRows()).filter(({ table, row }) => table === 'idempotency_keys' && row.owner_id === user.id).length;
    expect(await stored()).toBe(1);
    pass(DAY_MS);
    expect((await make()).body.code).toBe('name_taken');
    expect(await stored()).toBe(0);
    await post('/v1/tags', key, { token: credential.key, body: { name: 'Weekly' } });
    expect(await stored()).toBe(1);
    pass(DAY_MS);
    const context = createExecutionContext();
    await worker.scheduled(createScheduledController({ cron: '* * * * *' }), env, context);
    await waitOnExecutionContext(context);
    expect(await stored()).toBe(0);
  });

  it.each(['', 'with space', 'tab\tin', 'x'.repeat(256)])('needs a key that is one: %j', async (key) => {
    const { token } = await newUser();
    const answer = await post('/v1/tags', key, { token, body: { name: 'x' } });
    expect(answer.status).toBe(422);
    expect(answer.body.errors?.[0]?.path).toBe('Idempotency-Key');
  });
});

describe('an upload that is sent again with its key', () => {
  type Accepted = Problem & { document: DocumentView; job: { id: string } };
  const file = { content: '# Title\n\nOne sentence.\n', filename: 'note.md', fields: { tags: 'a,b', title: 'Note' } };
  const upload = (token: string, key: string, changes: Partial<typeof file> = {}) =>
    post<Accepted>('/v1/documents', key, { token, body: uploadForm({ ...file, ...changes }) });

  it('makes one document, whatever the boundary of its form', async () => {
    const { token } = await newUser();
    const key = aKey();
    const first = await upload(token, key);
    expect([first.status, isReplayed(first)]).toEqual([202, false]);
    const again = await upload(token, key);
    expect([again.status, isReplayed(again)]).toEqual([202, true]);
    expect(again.body).toEqual(first.body);
    expect(await documentTitles(token)).toEqual(['Note']);
  });

  it.each([
    ['bytes', { content: '# Other' }],
    ['name', { filename: 'other.md' }],
    ['fields', { fields: { tags: 'a,b', title: 'Other' } }],
  ])('is refused with other %s', async (_, changes) => {
    const { token } = await newUser();
    const key = aKey();
    await upload(token, key);
    expect(outcome(await upload(token, key, changes))).toEqual([409, 'idempotency_key_reused']);
    expect(await documentTitles(token)).toEqual(['Note']);
  });

  it('may be completed after a body that was cut short', async () => {
    const { token } = await newUser();
    const key = aKey();
    const broken = await post('/v1/documents', key, {
      token,
      body: '--b\r\ncontent-disposition: form-data; name="file"; filename="note.md"\r\n\r\n# Ti',
      headers: { 'content-type': 'multipart/form-data; boundary=b' },
    });
    expect(broken.status).toBe(400);
    expect((await upload(token, key)).status).toBe(202);
    expect(await documentTitles(token)).toEqual(['Note']);
  });
});

describe('a request whose isolate dies', () => {
  const body = { name: 'Phoenix' };

  it('before it took effect is repeated when its time is over', async () => {
    const { token } = await newUser();
    const key = aKey();
    expect((await post('/v1/tags', key, { token, body, bindings: dyingAt(3) })).status).toBe(500);
    expect(outcome(await post('/v1/tags', key, { token, body }))).toEqual([409, 'idempotency_in_progress']);
    pass(LEASE_MS);
    expect(outcome(await post('/v1/tags', key, { token, body: { name: 'Other' } }))[1]).toBe('idempotency_key_reused');
    const again = await post('/v1/tags', key, { token, body });
    expect([again.status, isReplayed(again)]).toEqual([201, false]);
    expect(isReplayed(await post('/v1/tags', key, { token, body }))).toBe(true);
  });

  it('after it took effect never takes effect again', async () => {
    const { token } = await newUser();
    const key = aKey();
    // The client need not have got this answer.
    expect((await post('/v1/collections', key, { token, body, bindings: dyingAt(4) })).status).toBe(201);
    expect(outcome(await post('/v1/collections', key, { token, body }))).toEqual([409, 'idempotency_in_progress']);
    pass(LEASE_MS);
    expect(outcome(await post('/v1/collections', key, { token, body }))).toEqual([409, 'idempotency_answer_lost']);
    expect((await call('/v1/collections', { token })).body.items).toHaveLength(1);
  });

  it('only slept, and was overtaken, takes no effect any more', async () => {
    const { token } = await newUser();
    const key = aKey();
    let overtaking: Answer | undefined;
    const slow = isolateWith(
      3,
      async () => {
        pass(LEASE_MS);
        overtaking = await post('/v1/collections', key, { token, body });
      },
      { once: true },
    );
    const late = await post('/v1/collections', key, { token, body, bindings: slow });
    expect(overtaking?.status).toBe(201);
    expect(outcome(late)).toEqual([409, 'idempotency_in_progress']);
    expect((await call('/v1/collections', { token })).body.items).toHaveLength(1);
    expect(isReplayed(await post('/v1/collections', key, { token, body }))).toBe(true);
  });

  it('for a reason that is answered may be repeated at once', async () => {
    const { token } = await newUser();
    const key = aKey();
    const failing = isolateWith(3, () => Promise.reject(new Error('It failed.')), { once: true });
    expect((await post('/v1/tags', key, { token, body, bindings: failing })).status).toBe(500);
    expect((await post('/v1/tags', key, { token, body })).status).toBe(201);
  });
});

describe('what is stored', () => {
  it('is unreadable without the key, which is not stored', async () => {
    const { user, token } = await newUser();
    const key = aKey();
    const mark = `zebra${crypto.randomUUID().slice(0, 8)}`;
    const { status, body } = await post('/v1/tags', key, { token, body: { name: mark } });
    expect(status).toBe(201);
    await call(`/v1/tags/${body.id}`, { method: 'DELETE', token });
    const rows = (await allRows()).filter(({ table, row }) => table === 'idempotency_keys' && row.owner_id === user.id);
    expect(rows).toHaveLength(1);
    for (const secret of [mark, key, body.id]) expect(JSON.stringify(rows)).not.toContain(secret);
  });

  it('is no secret: a key is made once, and shown once', async () => {
    const { token } = await newUser();
    const key = aKey();
    const body = { name: 'Laptop', scopes: ['account:read'] };
    const made = await post<{ key: string }>('/v1/api-keys', key, { token, body });
    expect(made.status).toBe(201);
    expect(outcome(await post('/v1/api-keys', key, { token, body }))).toEqual([409, 'idempotency_answer_lost']);
    expect((await call('/v1/api-keys', { token })).body.items).toHaveLength(1);
    const row = (await allRows()).findLast(({ table }) => table === 'idempotency_keys');
    expect(row?.row.answer).toBeNull();
  });

  it('is nothing of passwords and tokens', async () => {
    const { token, password } = await newUser();
    const key = aKey();
    const body = { currentPassword: password, newPassword: 'Another horse 77!' };
    expect((await post('/v1/auth/password/change', key, { token, body })).status).toBe(204);
    const again = await post('/v1/auth/password/change', key, { token, body });
    expect([again.status, isReplayed(again)]).toEqual([422, false]);
  });
});

describe('costs', () => {
  it('two round trips with a key, one for an answer that is known, none without', async () => {
    const { token } = await newUser();
    await call('/v1/me', { token });
    const key = aKey();
    const plain = roundTrips(await call('/v1/tags', { token, body: { name: 'Plain' } }));
    expect(roundTrips(await post('/v1/tags', key, { token, body: { name: 'Keyed' } }))).toBe(plain + 2);
    expect(roundTrips(await post('/v1/tags', key, { token, body: { name: 'Keyed' } }))).toBe(1);
    const headers = { 'idempotency-key': key };
    expect(roundTrips(await call('/v1/tags', { token, headers }))).toBe(roundTrips(await call('/v1/tags', { token })));
  });
});

describe('the description', () => {
  it('names the header where it works', async () => {
    const { body } = await call('/openapi.json');
    const parameters = (path: string, method: string) =>
      (body.paths[path][method].parameters ?? []).map(({ name }: { name: string }) => name);
    expect(parameters('/v1/documents', 'post')).toContain('idempotency-key');
    expect(parameters('/v1/documents/{id}/restore', 'post')).toEqual(['idempotency-key', 'id']);
    expect(parameters('/v1/documents', 'get')).not.toContain('idempotency-key');
    expect(parameters('/v1/auth/login', 'post')).not.toContain('idempotency-key');
  });
});
