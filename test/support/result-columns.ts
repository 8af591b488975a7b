import { anyParameters } from './query-plans.ts';
import type { Recorded } from './statement-recorder.ts';

const READ = /^\s*(select|with)\b/i;
const WRITE = /\b(insert|update|delete|replace)\b/i;

/**
 * Queries that give two columns the same name. D1 returns rows as objects, so that one of the two would be lost, and
 * every column after it would be taken for its neighbour.
 */
export async function clashingColumns({ database, statements }: Recorded): Promise<string[]> {
  const selects = [...statements].filter((sql) => READ.test(sql) && !WRITE.test(sql));
  const clashing = await Promise.all(
    selects.map(async (sql) => {
      const names = await columnNames(database, sql);
      return new Set(names).size < names.length ? [`${names.join(', ')}: ${sql}`] : [];
    }),
  );
  return clashing.flat();
}

/** None for a query that fails with made-up parameters, as guards do; they have one column. */
async function columnNames(database: D1Database, sql: string): Promise<string[]> {
  try {
    const query = database.prepare(sql).bind(...anyParameters(sql));
    const [names] = await query.raw({ columnNames: true });
    return names;
  } catch {
    return [];
  }
}
