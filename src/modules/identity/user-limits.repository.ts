import { and, between, desc, eq, isNotNull, or, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Database, Statement } from '../../db/client.ts';
import { inJson } from '../../db/sql.ts';
import { type ApiKey, apiKeys, type User, users } from './identity.table.ts';

type LimitedUser = Pick<User, 'id' | 'requestLimitPerMinute' | 'requestLimitPerHour'>;
type LimitedKey = Pick<ApiKey, 'id' | 'ownerId' | 'requestsPerMinute'>;

/** An index that is walked from its end must be entered at a value. */
const EVER = Number.MAX_SAFE_INTEGER;

/** How a login names an account. Other attempts name it by its id. */
const loginKeySchema = z.union([z.object({ emailKey: z.string() }), z.object({ usernameKey: z.string() })]);

/** Limits in the rows of accounts and API keys, whoever's they are. */
export function createUserLimitsRepository(database: Database) {
  const { orm } = database;

  return {
    /** Users and API keys with limits of their own, the latest first. */
    selectLimited(limit: number): [Statement<LimitedUser[]>, Statement<LimitedKey[]>] {
      const { id, requestLimitPerMinute, requestLimitPerHour } = users;
      return [
        orm
          .select({ id, requestLimitPerMinute, requestLimitPerHour })
          .from(users)
          .where(
            and(
              or(isNotNull(requestLimitPerMinute), isNotNull(requestLimitPerHour)),
              between(users.updatedAt, 0, EVER),
            ),
          )
          .orderBy(desc(users.updatedAt))
          .limit(limit),
        orm
          .select({ id: apiKeys.id, ownerId: apiKeys.ownerId, requestsPerMinute: apiKeys.requestsPerMinute })
          .from(apiKeys)
          .where(and(isNotNull(apiKeys.requestsPerMinute), between(apiKeys.createdAt, 0, EVER)))
          .orderBy(desc(apiKeys.createdAt))
          .limit(limit),
      ];
    },

    changeUser(
      limits: {
        id: string;
        requestsPerMinute?: number | null | undefined;
        requestsPerHour?: number | null | undefined;
      },
      now: number,
    ): Statement {
      const { id, requestsPerMinute, requestsPerHour } = limits;
      return orm
        .update(users)
        .set({
          ...(requestsPerMinute !== undefined && { requestLimitPerMinute: requestsPerMinute }),
          ...(requestsPerHour !== undefined && { requestLimitPerHour: requestsPerHour }),
          version: sql`${users.version} + 1`,
          updatedAt: now,
        })
        .where(eq(users.id, id));
    },

    changeKey({ id, requestsPerMinute }: { id: string; requestsPerMinute: number | null }, now: number): Statement {
      return orm
        .update(apiKeys)
        .set({ requestsPerMinute, version: sql`${apiKeys.version} + 1`, updatedAt: now })
        .where(eq(apiKeys.id, id));
    },

    /** Account as an attempt named it → id of its user, for those that there are. */
    async ownersOf(accounts: readonly string[]): Promise<Map<string, string>> {
      const { id, emailKey, usernameKey } = users;
      const keys = accounts.map((account) => keyOf(account));
      const rows = await orm
        .select({ id, emailKey, usernameKey })
        .from(users)
        .where(or(inJson(emailKey, keys), inJson(usernameKey, keys), inJson(id, keys)));
      return new Map(
        accounts.flatMap((account) => {
          const key = keyOf(account);
          const owner = rows.find((row) => [row.id, row.emailKey, row.usernameKey].includes(key));
          return owner ? [[account, owner.id] as const] : [];
        }),
      );
    },
  };
}

function keyOf(account: string): string {
  if (!account.startsWith('{')) return account;
  const key = loginKeySchema.parse(JSON.parse(account));
  return 'emailKey' in key ? key.emailKey : key.usernameKey;
}
