import { and, count, eq, getTableColumns, gt, isNull, lt, or, sql } from 'drizzle-orm';
import type { Database, Statement } from '../../../db/client.ts';
import { createRepository } from '../../../db/repository.ts';
import { also, requireChange, requireThat } from '../../../db/sql.ts';
import type { PageRequest } from '../../../shared/page.ts';
import { type User, users } from '../identity.table.ts';
import { type Passkey, type PasskeyChallenge, passkeyChallenges, passkeys } from './factors.table.ts';

type Purpose = PasskeyChallenge['purpose'];

type Versioned = { id: string; expectedVersion?: number | undefined };

const WHAT = 'passkey';

/** Rows of passkeys and of what they were asked to sign. Look-ups by credential take its id. */
export function createPasskeysRepository(database: Database) {
  const { orm } = database;
  const rows = createRepository(database, passkeys);
  const ofOwner = (ownerId: string) => eq(passkeys.ownerId, ownerId);

  return {
    list: (ownerId: string, page: PageRequest) => rows.list(ownerId, page),
    insert: rows.insert,

    selectAll: (ownerId: string): Statement<Passkey[]> =>
      orm.select().from(passkeys).where(ofOwner(ownerId)).orderBy(passkeys.createdAt, passkeys.id),

    selectUser: (ownerId: string): Statement<User[]> => orm.select().from(users).where(eq(users.id, ownerId)),

    /** Undoes the batch unless the user has fewer passkeys than this. */
    requireFewer(ownerId: string, { limit, refusal }: { limit: number; refusal: () => Error }): Statement {
      const total = orm.select({ total: count() }).from(passkeys).where(ofOwner(ownerId));
      return requireThat(database, { condition: sql`${total} < ${limit}`, refusal });
    },

    /** The passkey with this credential id, and whose it is. */
    async findByCredential(credentialId: string): Promise<{ passkey: Passkey; user: User } | undefined> {
      const isNamed = eq(passkeys.credentialId, credentialId);
      const owner = orm
        .select(getTableColumns(users))
        .from(passkeys)
        .innerJoin(users, and(eq(users.id, passkeys.ownerId), eq(users.status, 'active')))
        .where(isNamed);
      const [[passkey], [user]] = await database.commit([orm.select().from(passkeys).where(isNamed), owner]);
      return passkey && user && { passkey, user };
    },

    rename(ownerId: string, { id, expectedVersion, name, now }: Versioned & { name: string; now: number }) {
      return database.commitAndRead(
        [
          ...rows.requireRow(ownerId, { id, what: WHAT, expectedVersion }),
          rows.update(ownerId, { id, changes: { name }, now }),
        ],
        rows.select(ownerId, id),
      );
    },

    select: (ownerId: string, id: string): Statement<Passkey[]> => rows.select(ownerId, id),

    /** Removes the row for good, or undoes the batch when there is none or it has another version. */
    remove: (ownerId: string, { id, expectedVersion }: Versioned): Statement[] => [
      ...rows.requireRow(ownerId, { id, what: WHAT, expectedVersion }),
      rows.remove(ownerId, [id]),
    ],

    /**
     * Notes a use, and undoes the batch unless the authenticator's count has grown: of two uses with one count, one is a
     * copy's. Authenticators that do not count say 0 each time.
     */
    noteUse(
      ownerId: string,
      use: { id: string; signCount: number; backedUp: boolean; now: number; refusal: () => Error },
    ): [Statement, Statement] {
      const { id, signCount, backedUp, now, refusal } = use;
      const hasGrown = or(lt(passkeys.signCount, signCount), and(eq(passkeys.signCount, 0), sql`${signCount} = 0`));
      const note = orm
        .update(passkeys)
        .set({ signCount, backedUp, lastUsedAt: now })
        .where(and(eq(passkeys.id, id), also(passkeys.ownerId, ownerId), hasGrown));
      return [note, requireChange(database, refusal)];
    },

    insertChallenge: (row: PasskeyChallenge): Statement => orm.insert(passkeyChallenges).values(row),

    /** Ends what the user's passkeys were asked before. */
    removeChallenges(ownerId: string, purpose: Purpose): Statement {
      const ofUser = and(eq(passkeyChallenges.ownerId, ownerId), eq(passkeyChallenges.purpose, purpose));
      return orm.delete(passkeyChallenges).where(ofUser);
    },

    /** Uses a challenge up, and undoes the batch unless it is live and was made for this purpose and owner. */
    useChallenge(
      ownerId: string | null,
      { challenge, purpose, now, refusal }: { challenge: string; purpose: Purpose; now: number; refusal: () => Error },
    ): [Statement, Statement] {
      const used = orm
        .delete(passkeyChallenges)
        .where(
          and(
            eq(passkeyChallenges.challenge, challenge),
            eq(passkeyChallenges.purpose, purpose),
            ownerId === null ? isNull(passkeyChallenges.ownerId) : also(passkeyChallenges.ownerId, ownerId),
            gt(passkeyChallenges.expiresAt, now),
          ),
        );
      return [used, requireChange(database, refusal)];
    },
  };
}
