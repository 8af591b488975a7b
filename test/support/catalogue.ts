import { env } from 'cloudflare:workers';

type TableRow = { table: string; row: Record<string, unknown> };

/** Begins a statement that may read whole tables: setup.ts plans only statements that begin with their verb. */
const WHOLE = '/* test */';

/** Tables of the catalogue, without those of D1 itself and of the migrations. */
export async function tableNames(): Promise<string[]> {
  const tables = await env.DB.prepare(`${WHOLE} select name from sqlite_master where type = 'table'`).all<{
    name: string;
  }>();
  return tables.results.map(({ name }) => name).filter((name) => !/^(sqlite_|_cf|d1_)/.test(name));
}

/** Every row of the catalogue. */
export async function allRows(): Promise<TableRow[]> {
  const names = await tableNames();
  const results = await env.DB.batch<Record<string, unknown>>(
    names.map((name) => env.DB.prepare(`${WHOLE} select * from "${name}"`)),
  );
  return results.flatMap(({ results: rows }, index) => rows.map((row) => ({ table: names[index] ?? '', row })));
}
