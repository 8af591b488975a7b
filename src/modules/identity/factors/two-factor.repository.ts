import { and, eq, isNotNull, isNull, lt, sql } from 'drizzle-orm';
import { bulkInsert } from '../../../db/bulk.ts';
import type { Database, Statement } from '../../../db/client.ts';
import { requireChange, requireThat } from '../../../db/sql.ts';
import { type User, users } from '../identity.table.ts';
import { loginTickets, passkeys, recoveryCodes, type TwoFactor, twoFactors } from './factors.table.ts';

/** A code that was found to be right, and is good once. `secret` is the same secret, sealed by the present key. */
export type CodeProof =
  | { method: 'totp'; id: string; step: number; secret?: string | undefined }
  | { method: 'recovery_code'; codeHash: string };

/** How a user can show themselves; `enabledAt` is null while the password alone is enough. */
export type Factors = { enabledAt: number | null; recoveryCodesLeft: number; passkeys: number };

/** Rows of authenticator apps and recovery codes. */
export function createTwoFactorRepository(database: Database) {
  const { orm } = database;
  const ofOwner = (ownerId: string) => eq(twoFactors.ownerId, ownerId);

  const isOn = (ownerId: string) =>
    orm
      .select({ id: users.id })
      .from(users)
      .where(and(eq(users.id, ownerId), isNotNull(users.twoFactorEnabledAt)));

  const setEnabledAt = (ownerId: string, { enabledAt, now }: { enabledAt: number | null; now: number }) =>
    orm
      .update(users)
      .set({ twoFactorEnabledAt: enabledAt, version: sql`${users.version} + 1`, updatedAt: now })
      .where(
        and(
          eq(users.id, ownerId),
          enabledAt === null ? isNotNull(users.twoFactorEnabledAt) : isNull(users.twoFactorEnabledAt),
        ),
      );

  return {
    selectFactors(ownerId: string): Statement<Factors[]> {
      const codes = sql`select count(*) from ${recoveryCodes} where owner_id = ${ownerId} and used_at is null`;
      const keys = sql`select count(*) from ${passkeys} where owner_id = ${ownerId}`;
      return orm
        .select({
          enabledAt: users.twoFactorEnabledAt,
          recoveryCodesLeft: sql<number>`(${codes})`.as('recovery_codes_left'),
          passkeys: sql<number>`(${keys})`.as('passkeys'),
        })
        .from(users)
        .where(eq(users.id, ownerId));
    },

    /** A user and their app, confirmed or not. */
    async find(ownerId: string): Promise<{ user: User | undefined; twoFactor: TwoFactor | undefined }> {
      const [[user], [twoFactor]] = await database.commit([
        orm.select().from(users).where(eq(users.id, ownerId)),
        orm.select().from(twoFactors).where(ofOwner(ownerId)),
      ]);
      return { user, twoFactor };
    },

    /** Undoes the batch if the password alone is not enough. */
    requireOff: (ownerId: string, refusal: () => Error): Statement =>
      requireThat(database, { condition: sql`not exists ${isOn(ownerId)}`, refusal }),

    /** Undoes the batch if it is. */
    requireOn: (ownerId: string, refusal: () => Error): Statement =>
      requireThat(database, { condition: sql`exists ${isOn(ownerId)}`, refusal }),

    insert: (row: typeof twoFactors.$inferInsert): Statement => orm.insert(twoFactors).values(row),
    remove: (ownerId: string): Statement => orm.delete(twoFactors).where(ofOwner(ownerId)),
    removeTickets: (ownerId: string): Statement => orm.delete(loginTickets).where(eq(loginTickets.ownerId, ownerId)),

    turnOn: (ownerId: string, { now, refusal }: { now: number; refusal: () => Error }): Statement[] => [
      setEnabledAt(ownerId, { enabledAt: now, now }),
      requireChange(database, refusal),
    ],

    turnOff: (ownerId: string, { now, refusal }: { now: number; refusal: () => Error }): Statement[] => [
      setEnabledAt(ownerId, { enabledAt: null, now }),
      requireChange(database, refusal),
    ],

    removeCodes: (ownerId: string): Statement => orm.delete(recoveryCodes).where(eq(recoveryCodes.ownerId, ownerId)),

    insertCodes(ownerId: string, { hashes, now }: { hashes: string[]; now: number }): Statement {
      const rows = hashes.map((codeHash) => ({ ownerId, codeHash, createdAt: now }));
      return bulkInsert(database, recoveryCodes, { rows, onConflict: 'fail' });
    },

    /** Uses a code up, and undoes the batch when it was used in the meantime. */
    spend(
      ownerId: string,
      { proof, now, refusal }: { proof: CodeProof; now: number; refusal: () => Error },
    ): Statement[] {
      const used =
        proof.method === 'totp'
          ? orm
              .update(twoFactors)
              .set({ lastStep: proof.step, ...(proof.secret && { secret: proof.secret }), updatedAt: now })
              .where(and(ofOwner(ownerId), eq(twoFactors.id, proof.id), lt(twoFactors.lastStep, proof.step)))
          : orm
              .update(recoveryCodes)
              .set({ usedAt: now })
              .where(
                and(
                  eq(recoveryCodes.ownerId, ownerId),
                  eq(recoveryCodes.codeHash, proof.codeHash),
                  isNull(recoveryCodes.usedAt),
                ),
              );
      return [used, requireChange(database, refusal)];
    },
  };
}
