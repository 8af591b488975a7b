import { columnsOf, foreignKeysOf, listTables } from './catalogue-schema.ts';

type Value = string | number;

/** What a column needs that its type does not say, because a CHECK demands it. */
const PARTICULAR: Record<string, Value> = {
  sha256: '0'.repeat(64),
  content_id: '0'.repeat(36),
  scopes: '[]',
  transports: '[]',
  'processing_jobs.due_at': 1,
  'saved_searches.request': '{}',
  'audit_seals.hash': '0'.repeat(64),
};

/** Puts one row in every table that has none, parents first. */
export async function seedEveryTable(database: D1Database): Promise<void> {
  const tables = (await listTables(database)).map((table) => table.name);
  const waiting = new Set(tables);
  while (waiting.size > 0) {
    const before = waiting.size;
    for (const table of waiting) if (await seed(database, { table, waiting })) waiting.delete(table);
    if (waiting.size === before) throw new Error(`These tables need each other: ${[...waiting].join(', ')}`);
  }
}

/** @returns false when a table that it refers to has no row yet. */
async function seed(
  database: D1Database,
  { table, waiting }: { table: string; waiting: Set<string> },
): Promise<boolean> {
  const keys = await foreignKeysOf(database, table);
  const parents = keys.filter((key) => key.parent !== table);
  if (parents.some((key) => waiting.has(key.parent))) return false;
  if ((await countRows(database, table)) > 0) return true;

  const values = new Map<string, Value>();
  for (const { name, type, notNull, default: preset } of await columnsOf(database, table)) {
    const particular = PARTICULAR[`${table}.${name}`] ?? PARTICULAR[name];
    const parent = parents.find((key) => key.columns[0] === name)?.parent;
    if (particular !== undefined) values.set(name, particular);
    else if (parent !== undefined && notNull) values.set(name, await anyId(database, parent));
    else if (notNull && preset === null) values.set(name, plain(name, type));
  }
  const places = [...values].map(() => '?').join(', ');
  const insert = `insert into ${table} (${[...values.keys()].join(', ')}) values (${places})`;
  await database
    .prepare(insert)
    .bind(...values.values())
    .run();
  return true;
}

function plain(name: string, type: string): Value {
  if (type !== 'text') return 1;
  return name === 'id' ? crypto.randomUUID() : `${name}-${crypto.randomUUID()}`;
}

async function anyId(database: D1Database, table: string): Promise<string> {
  const id = await database.prepare(`select id from ${table}`).first<string>('id');
  if (id === null) throw new Error(`${table} has no row.`);
  return id;
}

export async function countRows(database: D1Database, table: string): Promise<number> {
  return (await database.prepare(`select count(*) as total from ${table}`).first<number>('total')) ?? 0;
}

/** Table → number of rows. */
export async function countEveryTable(database: D1Database): Promise<Record<string, number>> {
  const tables = await listTables(database);
  return Object.fromEntries(
    await Promise.all(tables.map(async ({ name }) => [name, await countRows(database, name)] as const)),
  );
}
