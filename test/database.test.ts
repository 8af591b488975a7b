import { env } from 'cloudflare:workers';
import { eq, sql } from 'drizzle-orm';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createRepository } from '../src/db/repository.ts';
import { isGuardFailure, isUniqueViolation, requireChange, requireThat } from '../src/db/sql.ts';
import { collections, documents, tags } from '../src/modules/library/library.table.ts';
import { AppError } from '../src/shared/app-error.ts';
import {
  insertUser,
  type NewFile,
  type NewFolder,
  type NewTag,
  newFile,
  newFolder,
  newTag,
  openDatabase,
} from './support/database.ts';
import { unrecorded } from './support/statement-recorder.ts';

const { database, meter } = openDatabase();
const rows = createRepository(database, tags);
const folders = createRepository(database, collections);
const files = createRepository(database, documents);

let owner: string;
let other: string;

beforeAll(async () => {
  other = await insertUser(database);
});

beforeEach(async () => {
  owner = await insertUser(database);
});

const tag = (name: string, values: Partial<NewTag> = {}) => newTag(owner, { name, ...values });
const folder = (name: string, values: Partial<NewFolder> = {}) => newFolder(owner, { name, ...values });
const file = (values: Partial<NewFile> = {}) => newFile(owner, values);

const newest = { limit: 50, sort: 'createdAt', order: 'desc' } as const;

async function roundTrips<T>(work: () => Promise<T>): Promise<{ value: T; trips: number }> {
  const before = meter.roundTrips;
  const value = await work();
  return { value, trips: meter.roundTrips - before };
}

describe('one row', () => {
  it('is made, read, changed and removed, each in one round trip', async () => {
    const row = tag('Ideas', { colour: '#3366cc' });
    const made = await roundTrips(() => database.commit([rows.insert(row)]));
    expect(made).toMatchObject({ trips: 1, value: [[{ ...row, version: 1 }]] });
    expect(await roundTrips(() => rows.find(owner, row.id))).toMatchObject({ trips: 1, value: made.value[0][0] });

    const change = { id: row.id, changes: { colour: null, name: undefined }, now: 2000 };
    const [changed] = await database.commit([rows.update(owner, change)]);
    expect(changed).toEqual([{ ...row, colour: null, version: 2, updatedAt: 2000 }]);

    expect(await database.commit([rows.remove(owner, [row.id, crypto.randomUUID()])])).toEqual([[{ id: row.id }]]);
    expect(await rows.find(owner, row.id)).toBeUndefined();
  });

  it('keeps its times as whole numbers, JSON as JSON, and booleans as booleans', async () => {
    const row = file({
      metadata: { list: [1, 'two', null], deep: { yes: true } },
      titleIsGiven: true,
      createdAt: 1234567890123,
    });
    await database.commit([files.insert(row)]);
    const found = await files.find(owner, row.id);
    expect(found).toMatchObject({ ...row, kind: null, extractedMetadata: {}, deletedAt: null });
    const stored = await unrecorded(env.DB)
      .prepare('select typeof(created_at) as t from documents where id = ?')
      .bind(row.id)
      .first('t');
    expect(stored).toBe('integer');
  });

  it('refuses changes of what only the repository may set', () => {
    const row: { id: string; changes: object; now: number } = { id: 'x', changes: { ownerId: other }, now: 1 };
    expect(() => rows.update(owner, row)).toThrow('ownerId');
    expect(() => rows.updateMany(owner, { changes: [{ id: 'x', ...row.changes }], now: 1 })).toThrow('ownerId');
  });

  it('goes to the trash and comes back', async () => {
    const row = folder('Old');
    await database.commit([folders.insert(row)]);
    const [trashed] = await database.commit([folders.trash(owner, { id: row.id, now: 2000 })]);
    expect(trashed).toMatchObject([{ deletedAt: 2000, version: 2 }]);
    expect(await folders.find(owner, row.id)).toBeUndefined();
    expect(await folders.find(owner, row.id, 'only')).toMatchObject({ id: row.id });
    expect((await folders.list(owner, newest)).items).toEqual([]);
    expect((await folders.list(owner, { ...newest, trash: 'only' })).items).toHaveLength(1);
    expect(await database.commit([folders.update(owner, { id: row.id, changes: { name: 'New' }, now: 3000 })])).toEqual(
      [[]],
    );
    expect(await database.commit([folders.trash(owner, { id: row.id, now: 3000 })])).toEqual([[]]);

    const [restored] = await database.commit([folders.restore(owner, { id: row.id, now: 4000 })]);
    expect(restored).toMatchObject([{ deletedAt: null, version: 3, name: 'Old' }]);
    expect(await database.commit([folders.restore(owner, { id: row.id, now: 5000 })])).toEqual([[]]);
  });
});

describe('somebody else', () => {
  it('sees and changes nothing by any method', async () => {
    const row = folder('Private');
    await database.commit([folders.insert(row)]);
    const { id } = row;
    const now = 2000;
    expect(await folders.find(other, id, 'include')).toBeUndefined();
    expect(await database.commit([folders.select(other, id)])).toEqual([[]]);
    expect(await folders.findMany(other, [id])).toEqual([]);
    expect((await folders.list(other, { ...newest, filter: { id } })).items).toEqual([]);
    expect(await folders.count(other, { filter: { id } })).toBe(0);
    expect(await folders.exists(other, { filter: { id } })).toBe(false);
    expect(await database.commit([folders.update(other, { id, changes: { name: 'Mine' }, now })])).toEqual([[]]);
    await database.commit([folders.updateMany(other, { changes: [{ id, name: 'Mine' }], now })]);
    expect(await database.commit([folders.trash(other, { id, now })])).toEqual([[]]);
    expect(await database.commit([folders.restore(other, { id, now })])).toEqual([[]]);
    expect(await database.commit([folders.remove(other, [id])])).toEqual([[]]);
    await expect(database.commit(folders.requireRow(other, { id, what: 'collection' }))).rejects.toMatchObject({
      kind: 'not_found',
    });
    expect(await folders.find(owner, id)).toMatchObject({ ...row, version: 1 });
  });
});

describe('filters', () => {
  it('combine values, lists, comparisons and NULL', async () => {
    const given = [
      file({ title: 'Alpha', kind: 'pdf', sizeBytes: 10, titleIsGiven: true }),
      file({ title: 'Beta', kind: 'docx', sizeBytes: 20 }),
      file({ title: 'Gamma', sizeBytes: 30, createdAt: 3000 }),
    ];
    await database.commit([files.insertMany(given)]);
    const titles = async (filter: Parameters<typeof files.count>[1]) => {
      const page = await files.list(owner, { ...newest, sort: 'title', order: 'asc', ...filter });
      expect(await files.count(owner, filter)).toBe(page.items.length);
      expect(await files.exists(owner, filter ?? {})).toBe(page.items.length > 0);
      return page.items.map((row) => row.title);
    };
    expect(await titles({ filter: { kind: 'pdf' } })).toEqual(['Alpha']);
    expect(await titles({ filter: { kind: ['pdf', 'docx'] } })).toEqual(['Alpha', 'Beta']);
    expect(await titles({ filter: { kind: [] } })).toEqual([]);
    expect(await titles({ filter: { kind: null } })).toEqual(['Gamma']);
    expect(await titles({ filter: { kind: { isNull: false } } })).toEqual(['Alpha', 'Beta']);
    expect(await titles({ filter: { kind: { not: 'pdf' } } })).toEqual(['Beta', 'Gamma']);
    expect(await titles({ filter: { sizeBytes: { from: 20, to: 30 } } })).toEqual(['Beta', 'Gamma']);
    expect(await titles({ filter: { titleIsGiven: true } })).toEqual(['Alpha']);
    expect(await titles({ filter: { titleIsGiven: [false] } })).toEqual(['Beta', 'Gamma']);
    expect(await titles({ filter: { titleIsGiven: { not: true } } })).toEqual(['Beta', 'Gamma']);
    expect(await titles({ filter: { createdAt: { from: 2000 } } })).toEqual(['Gamma']);
    expect(await titles({ filter: { title: undefined, kind: 'docx' } })).toEqual(['Beta']);
    expect(await titles({ filter: { sizeBytes: { from: 20, to: undefined }, title: { contains: 'AMM' } } })).toEqual([
      'Gamma',
    ]);
    expect(await titles({ where: sql`${documents.sizeBytes} % 20 = 10`, filter: { kind: 'pdf' } })).toEqual(['Alpha']);
  });

  it.each([
    ['Épée de bois', 'épée'],
    ['ÜBER ALLES', 'über'],
    ['überall', 'ÜBER'],
    ['Привет мир', 'привет'],
    ["50% _off_ 'now'", "% _OFF_ '"],
    ['x'.repeat(80), 'X'.repeat(70)],
  ])('find %j by %j, whatever its case and length', async (name, part) => {
    await database.commit([rows.insert(tag(name))]);
    expect(await rows.count(owner, { filter: { name: { contains: part } } })).toBe(1);
    expect(await rows.count(owner, { filter: { name: { contains: `${part}?` } } })).toBe(0);
  });

  it('refuse columns that there are not', async () => {
    const page = { ...newest, filter: Object.fromEntries([['constructor', 1]]) };
    await expect(rows.list(owner, page)).rejects.toThrow('constructor');
    await expect(rows.list(owner, { ...newest, sort: 'constructor' })).rejects.toThrow('constructor');
  });
});

describe('a write that depends on a version', () => {
  it('changes nothing when the version is another one', async () => {
    const row = tag('Draft');
    await database.commit([rows.insert(row)]);
    const change = (expectedVersion: number) => ({
      id: row.id,
      changes: { name: 'Final' },
      now: 2000,
      expectedVersion,
    });
    expect(await database.commit([rows.update(owner, change(2))])).toEqual([[]]);
    expect(await database.commit([rows.update(owner, change(1))])).toMatchObject([[{ version: 2 }]]);
    expect(await database.commit([rows.update(owner, change(1))])).toEqual([[]]);
  });

  it('undoes its whole batch', async () => {
    const row = tag('Draft');
    const beside = tag('Beside');
    await database.commit([rows.insert(row)]);
    const stale = rows.update(owner, { id: row.id, changes: { name: 'Final' }, now: 2000, expectedVersion: 7 });
    const failure = database.commit([rows.insert(beside), stale, requireChange(database)]);
    await expect(failure).rejects.toSatisfy(isGuardFailure);
    expect(await rows.findMany(owner, [row.id, beside.id])).toMatchObject([{ name: 'Draft', version: 1 }]);
  });

  it('lets one of two callers through', async () => {
    const row = tag('Draft');
    await database.commit([rows.insert(row)]);
    const attempt = (name: string) =>
      database.commit([
        ...rows.requireRow(owner, { id: row.id, expectedVersion: 1, what: 'tag' }),
        rows.update(owner, { id: row.id, changes: { name }, now: 2000 }),
      ]);
    const outcomes = await Promise.allSettled([attempt('One'), attempt('Two'), attempt('Three')]);
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ kind: 'stale_version' });
    }
    expect(await rows.find(owner, row.id)).toMatchObject({ version: 2 });
  });

  it('says which guard refused, in the words of its refusal', async () => {
    const refusal = (code: string) => () => new AppError('conflict', 'No.', { code });
    const holds = requireThat(database, { condition: sql`1 = 1`, refusal: refusal('first') });
    const fails = requireThat(database, { condition: sql`${'a'} = ${'b'}`, refusal: refusal('second') });
    const never = requireThat(database, { condition: sql`null`, refusal: refusal('third') });
    await expect(database.commit([rows.insert(tag('A')), holds, fails, never])).rejects.toMatchObject({
      code: 'second',
    });
    await expect(database.commit([never])).rejects.toMatchObject({ code: 'third' });
    expect(await rows.count(owner)).toBe(0);
    expect(await database.commit([holds, rows.insert(tag('A'))])).toHaveLength(2);
  });

  it('is not mistaken for another failure by what people write', async () => {
    const name = "bad JSON path: 'unmet: UNIQUE constraint failed: tags.colour";
    await database.commit([rows.insert(tag(name))]);
    const again = await database.commit([rows.insert(tag(name))]).catch((error: unknown) => error);
    const alone = await Promise.resolve(rows.insert(tag(name))).catch((error: unknown) => error);
    for (const error of [again, alone]) {
      expect(isUniqueViolation(error, 'tags.name_key')).toBe(true);
      expect(isUniqueViolation(error, 'tags.colour')).toBe(false);
      expect(isGuardFailure(error)).toBe(false);
    }
  });
});

describe('a raw statement with parameters', () => {
  it('can be committed beside others', async () => {
    const insert = rows.insert(tag('A'));
    const [, renamed] = await database.commit([
      insert,
      database.orm.run(sql`update tags set name = ${'B'} where owner_id = ${owner}`),
      database.orm.select().from(tags).where(eq(tags.ownerId, owner)),
    ]);
    expect(renamed).toMatchObject({ success: true });
    expect(await rows.count(owner, { filter: { name: 'B' } })).toBe(1);
  });
});
