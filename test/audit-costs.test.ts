import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { newUser } from './support/actors.ts';
import { type Answer, type Call, call } from './support/app.ts';
import { entries, newAdmin, rawDatabase } from './support/audit.ts';
import { listen } from './support/console.ts';
import { roundTrips } from './support/costs.ts';
import { insertUser, newTag, openDatabase } from './support/database.ts';
import { uploaded, uploadForm } from './support/library.ts';
import { watchedDatabase } from './support/watched-database.ts';

/** An isolate of its own in which one call to the database, counted from 1, fails. */
function failingAt(failing: number): typeof env {
  let calls = 0;
  const DB = watchedDatabase(env.DB, async () => {
    if (++calls === failing) throw new Error('It failed.');
  });
  return { ...env, DB };
}

/** What a request has cost the database, by its log line. */
async function measured(path: string, options: Call): Promise<{ answer: Answer; rowsWritten: number }> {
  const { lines, stop } = listen();
  const answer = await call(path, options);
  stop();
  const line = lines.map((text) => JSON.parse(text)).find(({ event }) => event === 'request');
  return { answer, rowsWritten: line.rowsWritten };
}

/** The entry, the count of numbers, and five indexes: of id, request, action, actor and object. */
const ROWS_OF_AN_ENTRY = 7;

describe('an entry', () => {
  it('costs no round trip, and seven rows', async () => {
    const { token } = await newUser();
    const { body: tag } = await call('/v1/tags', { token, body: { name: 'Tag' } });
    const patched = await measured(`/v1/tags/${tag.id}`, { method: 'PATCH', token, body: { colour: '#112233' } });
    expect([patched.answer.status, roundTrips(patched.answer)]).toEqual([200, 1]);
    expect(patched.rowsWritten).toBe(1 + ROWS_OF_AN_ENTRY);
    const form = uploadForm({ content: '# Title\n\nText.\n', filename: 'a.md' });
    const accepted = await measured('/v1/documents', { token, body: form });
    expect([accepted.answer.status, roundTrips(accepted.answer)]).toEqual([202, 1]);
    expect(accepted.rowsWritten).toBe(22 + ROWS_OF_AN_ENTRY);
  });

  it('costs nothing before the answer when the write is refused, and a read none at all', async () => {
    const { token } = await newUser();
    await call('/v1/tags', { token });
    expect(roundTrips(await call('/v1/tags', { token, body: { name: '' } }))).toBe(0);
    expect(roundTrips(await call('/v1/tags', { token }))).toBe(1);
  });
});

describe('a call that goes wrong after it took effect', () => {
  it('leaves what it did, and that it failed', async () => {
    const admin = await newAdmin();
    const { user, token } = await newUser();
    const { job } = await uploaded({ token, content: new Uint8Array([0, 1, 2, 3, 255]), filename: 'a.bin' });
    expect(job.status).toBe('failed');
    // Who asks, the job as it is, its change, and the job as it is then.
    const answer = await call(`/v1/jobs/${job.id}/retry`, { method: 'POST', token, bindings: failingAt(4) });
    expect(answer.status).toBe(500);
    const left = await entries(admin, { actorId: user.id, action: 'retryJob' });
    expect(left).toMatchObject([
      { outcome: 'failed', errorCode: 'internal', objectId: job.id },
      { outcome: 'succeeded', errorCode: null, objectId: job.id },
    ]);
  });
});

describe('what accompanies a commit', () => {
  const count = async (id: string) =>
    (await rawDatabase().prepare('select count(*) as total from tags where id = ?').bind(id).first<number>('total')) ??
    0;

  /** Adds a tag with the first commit that writes. */
  async function waiting() {
    const { database } = openDatabase();
    const owner = await insertUser(database);
    const { orm } = database;
    const { tags } = await import('../src/modules/library/library.table.ts');
    const add = (name: string) => {
      const row = newTag(owner, { name });
      return { id: row.id, insert: () => orm.insert(tags).values(row) };
    };
    const companion = add('Companion');
    let made = 0;
    const handle = database.accompany(() => {
      made += 1;
      return [companion.insert()];
    });
    return { database, orm, tags, add, companion, handle, timesMade: () => made };
  }

  it('goes with the first that writes, once, and says so', async () => {
    const { database, orm, tags, add, companion, handle, timesMade } = await waiting();
    await database.commit([
      orm
        .select()
        .from(tags)
        .where((await import('drizzle-orm')).eq(tags.id, 'none')),
    ]);
    expect(timesMade()).toBe(0);
    const [first, second] = [add('First'), add('Second')];
    const results = await database.commit([first.insert().returning({ id: tags.id })]);
    expect(results).toEqual([[{ id: first.id }]]);
    await database.commit([second.insert()]);
    expect([await count(companion.id), timesMade()]).toEqual([1, 1]);
    expect(handle.withdraw()).toBe(true);
  });

  it('waits for the next when one fails', async () => {
    const { database, add, companion, handle, timesMade } = await waiting();
    const twice = add('Twice');
    await expect(database.commit([twice.insert(), twice.insert()])).rejects.toThrow('UNIQUE');
    expect(await count(companion.id)).toBe(0);
    await database.commit([add('Other').insert()]);
    expect([await count(companion.id), timesMade()]).toEqual([1, 2]);
    expect(handle.withdraw()).toBe(true);
  });

  it('does not go with one that stands aside, nor when it was withdrawn; others do', async () => {
    const { database, add, companion, handle } = await waiting();
    await database.commitAside([add('Aside').insert()]);
    const other = add('Other companion');
    const staying = database.accompany(() => [other.insert()]);
    expect(handle.withdraw()).toBe(false);
    await database.commit([add('Write').insert()]);
    expect([await count(companion.id), await count(other.id)]).toEqual([0, 1]);
    expect([handle.withdraw(), staying.withdraw()]).toEqual([false, true]);
  });
});
