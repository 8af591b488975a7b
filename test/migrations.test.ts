/// <reference types="vite/types/importMeta.d.ts" />
import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import * as schema from '../src/db/schema.ts';
import { KEPT_TABLES } from '../src/modules/erasure/owner-columns.ts';
import {
  columnsOf,
  drizzleTables,
  foreignKeysOf,
  hasIndex,
  listTables,
  schemaSnapshot,
} from './support/catalogue-schema.ts';
import { countEveryTable, seedEveryTable } from './support/seeded-rows.ts';
import { unrecorded } from './support/statement-recorder.ts';

const database = unrecorded(env.DB);

// Vite reads these options, not the program: they must stand where they are used.
const files = import.meta.glob<string>('../migrations/*.sql', { query: '?raw', eager: true, import: 'default' });
const down = import.meta.glob<string>('../migrations/down/*.sql', { query: '?raw', eager: true, import: 'default' });
const up = Object.entries(files).sort(([a], [b]) => a.localeCompare(b));

const migrations = env.TEST_MIGRATIONS.map(({ name, queries }, index) => ({ name, queries, index }));
const names = migrations.map((migration) => migration.name);

const run = (queries: string[]) => database.batch(queries.map((query) => database.prepare(query)));

const apply = (index: number) => run(migrations[index]?.queries ?? []);

async function applyFrom(first: number, end = migrations.length): Promise<void> {
  for (let index = first; index < end; index++) await apply(index);
}

function rollBack(index: number) {
  const text = down[`../migrations/down/${names[index]}`] ?? '';
  return run(
    text
      .replace(/--.*$/gm, '')
      .split(/;\s*$/m)
      .map((query) => query.trim())
      .filter(Boolean),
  );
}

async function rollBackTo(end: number, first = migrations.length): Promise<void> {
  for (let index = first - 1; index >= end; index--) await rollBack(index);
}

describe('the migrations', () => {
  it('are numbered in order without gaps, and each has a twin that takes it back', () => {
    expect(names).toEqual([...names].sort());
    expect(names.map((name) => Number(/^(\d{4})_[a-z\d_]+\.sql$/.exec(name)?.[1]))).toEqual(names.map((_, i) => i + 1));
    expect(Object.keys(down).map((path) => path.split('/').at(-1))).toEqual(names);
    expect(up.map(([path]) => path.split('/').at(-1))).toEqual(names);
  });

  it.each(up)('%s takes nothing away and rebuilds no table', (_, text) => {
    // What a trigger does, it does later.
    const statements = text.replace(/--.*$/gm, '').replace(/create\s+trigger[\s\S]*?\bend;/gi, '');
    expect(statements).not.toMatch(/\bdrop\s+table\b|__new_|\bpragma\b|\brename\s+to\b|\bdelete\s+from\b/i);
  });

  it('leave nothing behind when they are all taken back', async () => {
    await rollBackTo(0);
    expect(await schemaSnapshot(database)).toEqual([]);
    await applyFrom(0);
  });

  it.each(migrations)('$name can be applied to its predecessors, taken back, and applied again', async ({ index }) => {
    await rollBackTo(0);
    await applyFrom(0, index);
    const before = await schemaSnapshot(database);
    await apply(index);
    const after = await schemaSnapshot(database);
    expect(after).not.toEqual(before);
    await rollBack(index);
    expect(await schemaSnapshot(database)).toEqual(before);
    await apply(index);
    expect(await schemaSnapshot(database)).toEqual(after);
    await applyFrom(index + 1);
  });

  it.each(migrations)('after $name keep every row', async ({ index }) => {
    await rollBackTo(0);
    await applyFrom(0, index + 1);
    await seedEveryTable(database);
    const before = await countEveryTable(database);
    expect(Object.values(before)).not.toContain(0);
    await applyFrom(index + 1);
    expect(await countEveryTable(database)).toMatchObject(before);
    await rollBackTo(index + 1);
    expect(await countEveryTable(database)).toEqual(before);
    await applyFrom(index + 1);
  });
});

describe('the schema', () => {
  beforeEach(async () => {
    expect(await schemaSnapshot(database)).not.toEqual([]);
  });

  it('has strict tables only', async () => {
    const tables = await listTables(database);
    expect(tables.filter((table) => !table.strict)).toEqual([]);
    expect(tables.length).toBeGreaterThan(0);
  });

  it('finds the children of every foreign key by an index', async () => {
    const tables = await listTables(database);
    const keys = (await Promise.all(tables.map(({ name }) => foreignKeysOf(database, name)))).flat();
    const indexed = await Promise.all(keys.map((key) => hasIndex(database, key)));
    expect(keys.filter((_, index) => !indexed[index])).toEqual([]);
    expect(keys.length).toBeGreaterThan(0);
  });

  it('removes what belongs to a user with the user', async () => {
    const tables = await listTables(database);
    const owned = tables.filter(({ name }) => !(name in KEPT_TABLES));
    const keys = await Promise.all(owned.map(({ name }) => foreignKeysOf(database, name)));
    const cascades = keys.map((list) => list.some((key) => key.parent === 'users' && key.onDelete === 'CASCADE'));
    expect(owned.filter((_, index) => !cascades[index])).toEqual([]);
  });

  it('is what the code believes it to be', async () => {
    const expected = drizzleTables(schema);
    const tables = await listTables(database);
    expect([...expected.keys()].sort()).toEqual(tables.map((table) => table.name).sort());
    for (const [table, columns] of expected) expect(await columnsOf(database, table), table).toEqual(columns);
  });
});
