import { env } from 'cloudflare:workers';
import { watchedDatabase } from './watched-database.ts';

/**
 * Lets something happen just before the given database call (from 1) of the request that `during` makes: what another
 * request would do there if it were unlucky.
 */
export async function interleave<T>(
  during: () => Promise<T>,
  { beforeCall, happens }: { beforeCall: number; happens: () => Promise<unknown> },
): Promise<T> {
  const database = env.DB;
  let calls = 0;
  env.DB = watchedDatabase(database, async () => {
    calls += 1;
    if (calls === beforeCall) await happens();
  });
  try {
    return await during();
  } finally {
    env.DB = database;
  }
}
