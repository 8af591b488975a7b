import { and, count, eq, gt, isNotNull, isNull, lt, or, type SQL, sql } from 'drizzle-orm';
import type { Database, Statement } from '../../db/client.ts';
import { createRepository } from '../../db/repository.ts';
import { integer, requireThat } from '../../db/sql.ts';
import type { Actor, Scope } from '../../shared/actor.ts';
import { type ApiKey, apiKeys } from './identity.table.ts';

type KeyChange = { [K in 'name' | 'scopes' | 'expiresAt' | 'requestsPerMinute']?: ApiKey[K] | undefined };
type Key = { id: string; refusal: () => Error };

/** A successor as it is made: what is not here is taken over. */
type Successor = Pick<ApiKey, 'id' | 'prefix' | 'keyHash'>;

/** Rows of API keys as they are changed and follow one another. */
export function createApiKeysRepository(database: Database) {
  const { orm } = database;
  const rows = createRepository(database, apiKeys);
  const own = (ownerId: string, id: string) => and(eq(apiKeys.ownerId, ownerId), eq(apiKeys.id, id));

  /** Undoes the batch unless the key meets the condition. */
  const require = (ownerId: string, { id, refusal }: Key, condition: SQL | undefined): Statement =>
    requireThat(database, {
      condition: sql`exists (select 1 from ${apiKeys} where ${and(own(ownerId, id), condition)})`,
      refusal,
    });

  const hasOnly = (scopes: Iterable<Scope>) =>
    sql`not exists (select 1 from json_each(${apiKeys.scopes}) as had
      where had.value not in (select value from json_each(${JSON.stringify([...scopes])})))`;

  const hasAll = (scopes: Iterable<Scope>) =>
    sql`not exists (select 1 from json_each(${JSON.stringify([...scopes])}) as wanted
      where wanted.value not in (select value from json_each(${apiKeys.scopes})))`;

  /** Null, for no bound, is more than any number. */
  const isAtMost = (value: number | null, bound: SQL) =>
    value === null ? sql`${bound} is null` : sql`(${bound} is null or ${bound} >= ${integer(value)})`;

  return {
    requireRow: rows.requireRow,

    /** Undoes the batch if the key has a scope that is not among these. */
    requireScopesWithin: (ownerId: string, { scopes, ...key }: Key & { scopes: Iterable<Scope> }) =>
      require(ownerId, key, hasOnly(scopes)),

    /** Undoes the batch unless the key has all of these scopes. */
    requireScopes: (ownerId: string, { scopes, ...key }: Key & { scopes: Iterable<Scope> }) =>
      require(ownerId, key, hasAll(scopes)),

    /** Undoes the batch unless the key lives as long as that. */
    requireLife: (ownerId: string, { expiresAt, ...key }: Key & { expiresAt: number | null }) =>
      require(ownerId, key, isAtMost(expiresAt, sql`${apiKeys.expiresAt}`)),

    /** Undoes the batch unless the key may ask as often as that; `usual` is the limit of a key without its own, if any. */
    requireRate(ownerId: string, rate: Key & { requestsPerMinute: number | null; usual: number | null }): Statement {
      const { requestsPerMinute, usual, ...key } = rate;
      const bound =
        usual === null
          ? sql`${apiKeys.requestsPerMinute}`
          : sql`coalesce(${apiKeys.requestsPerMinute}, ${integer(usual)})`;
      return require(ownerId, key, isAtMost(requestsPerMinute ?? usual, bound));
    },

    /** Undoes the batch if another key has taken over already. */
    requireUnreplaced: (ownerId: string, key: Key) => require(ownerId, key, isNull(apiKeys.replacedBy)),

    /** Undoes the batch if the key has expired. */
    requireUnexpired: (ownerId: string, { now, ...key }: Key & { now: number }) =>
      require(ownerId, key, or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, now))),

    change: (ownerId: string, { id, changes, now }: { id: string; changes: KeyChange; now: number }) =>
      rows.update(ownerId, { id, changes, now }),

    /** Makes a key that takes over from another. One that a key makes ends with its maker, and may ask no more often. */
    insertSuccessor(
      actor: Actor,
      { id, successor, now }: { id: string; successor: Successor; now: number },
    ): Statement {
      const isByKey = actor.credential.type === 'api_key';
      const maker = (column: SQL) =>
        sql`(select ${column} from ${apiKeys} as maker where maker.id = ${actor.credential.id})`;
      const bounded = (column: SQL, ofMaker: SQL) =>
        isByKey ? sql`min(coalesce(${column}, ${maker(ofMaker)}), coalesce(${maker(ofMaker)}, ${column}))` : column;
      return orm.run(sql`insert into ${apiKeys} (id, owner_id, name, prefix, key_hash, scopes, expires_at,
          requests_per_minute, rotated_from, created_at, updated_at)
        select ${successor.id}, owner_id, name, ${successor.prefix}, ${successor.keyHash}, scopes,
          ${bounded(sql`expires_at`, sql`maker.expires_at`)},
          ${bounded(sql`requests_per_minute`, sql`maker.requests_per_minute`)}, id, ${integer(now)}, ${integer(now)}
        from ${apiKeys} where ${own(actor.userId, id)}`);
    },

    /** Names the key that takes over, and lets this one end then, if it does not end before. */
    replace(
      ownerId: string,
      { id, by, endsAt, now }: { id: string; by: string; endsAt: number; now: number },
    ): Statement {
      const expiresAt = sql<number>`min(coalesce(${apiKeys.expiresAt}, ${integer(endsAt)}), ${integer(endsAt)})`;
      return rows.update(ownerId, { id, changes: { replacedBy: by, expiresAt }, now });
    },

    /** Removes keys that have been replaced, and have ended before this time. */
    removeReplaced(ownerId: string, before: number): Statement {
      return orm
        .delete(apiKeys)
        .where(and(eq(apiKeys.ownerId, ownerId), isNotNull(apiKeys.replacedBy), lt(apiKeys.expiresAt, before)));
    },

    summarise: (ownerId: string): Statement<{ total: number }[]> =>
      orm.select({ total: count() }).from(apiKeys).where(eq(apiKeys.ownerId, ownerId)),

    select: (ownerId: string, id: string) => rows.select(ownerId, id),
  };
}
