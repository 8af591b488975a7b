import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { allRows } from './catalogue.ts';

/** Wherever one of the words stands, in the rows of the catalogue and in the keys and bytes of the archive. */
export async function traces(words: string[]): Promise<string[]> {
  const holds = (text: string) => words.some((word) => text.includes(word));
  // Entries of the audit log name things by their ids, and stay.
  const others = (await allRows()).filter(({ table }) => !table.startsWith('audit_'));
  const rows = others.filter(({ row }) => holds(JSON.stringify(row)));
  const objects: string[] = [];
  for (let cursor: string | undefined, more = true; more; ) {
    const page = await env.FILES.list(cursor === undefined ? {} : { cursor });
    for (const { key } of page.objects) {
      const text = await (await env.FILES.get(key))?.text();
      if (holds(key) || holds(text ?? '')) objects.push(key);
    }
    more = page.truncated;
    cursor = page.truncated ? page.cursor : undefined;
  }
  return [...rows.map(({ table, row }) => `${table}: ${JSON.stringify(row)}`), ...objects];
}

/** Names of the tables in an owner's index, and of the values in the objects that count for them. */
export async function objectContents(names: { index: string; limits: string[]; guards: string[] }): Promise<string[]> {
  const index = env.LIBRARY_INDEX.get(env.LIBRARY_INDEX.idFromName(names.index));
  const tables = await runInDurableObject(index, (_, { storage }) =>
    storage.sql
      .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'")
      .toArray()
      .map(({ name }) => name)
      .filter((name) => !/^(_cf_|sqlite_)/.test(name)),
  );
  const stored = async (stub: DurableObjectStub, name: string) =>
    runInDurableObject(stub, async (_, { storage }) =>
      [...(await storage.list()).keys()].map((key) => `${name} ${key}`),
    );
  const limits = names.limits.map((name) => stored(env.RATE_LIMITER.get(env.RATE_LIMITER.idFromName(name)), name));
  const guards = names.guards.map((name) => stored(env.ATTEMPT_GUARD.get(env.ATTEMPT_GUARD.idFromName(name)), name));
  return [...tables, ...(await Promise.all([...limits, ...guards])).flat()];
}
