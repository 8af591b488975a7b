import { and, eq, getTableColumns, gt, lt, sql } from 'drizzle-orm';
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core';
import type { Database, Statement } from '../../../db/client.ts';
import { type User, users } from '../identity.table.ts';
import { type LoginTicket, loginTickets, passkeyChallenges, type TwoFactor, twoFactors } from './factors.table.ts';

/** Whose ticket it is, and what they have enrolled. */
export type TicketHolder = { user: User; passwordMark: string; twoFactor: TwoFactor };

/** Before that time. With a lower bound SQLite seeks in the index; without one it begins at its start. */
const inPast = (column: SQLiteColumn, before: number) => and(gt(column, 0), lt(column, before));

/** Rows of logins that wait for their second factor. Look-ups by ticket take its hash. */
export function createTicketsRepository(database: Database) {
  const { orm } = database;
  const isLive = (ticketHash: string, now: number) =>
    and(eq(loginTickets.ticketHash, ticketHash), gt(loginTickets.expiresAt, now));

  return {
    insert: (row: LoginTicket): Statement => orm.insert(loginTickets).values(row),

    /** The live ticket's holder, while they are active and have a second factor. */
    async findHolder(ticketHash: string, now: number): Promise<TicketHolder | undefined> {
      const isHolder = and(eq(users.id, loginTickets.ownerId), eq(users.status, 'active'));
      const holder = orm
        .select({ ...getTableColumns(users), passwordMark: loginTickets.passwordMark })
        .from(loginTickets)
        .innerJoin(users, isHolder)
        .where(isLive(ticketHash, now));
      const ownerOf = sql`(select owner_id from ${loginTickets} where ${eq(loginTickets.ticketHash, ticketHash)})`;
      const secret = orm.select().from(twoFactors).where(eq(twoFactors.ownerId, ownerOf));
      const [[found], [twoFactor]] = await database.commit([holder, secret]);
      if (!found || !twoFactor || found.twoFactorEnabledAt === null) return undefined;
      const { passwordMark, ...user } = found;
      return { user, passwordMark, twoFactor };
    },

    /** Uses the ticket up; changes nothing if it is not live. */
    use(ownerId: string, { ticketHash, now }: { ticketHash: string; now: number }): Statement {
      return orm.delete(loginTickets).where(and(isLive(ticketHash, now), eq(loginTickets.ownerId, ownerId)));
    },

    removeAll: (ownerId: string): Statement => orm.delete(loginTickets).where(eq(loginTickets.ownerId, ownerId)),

    /** Removes what nobody can use any more: tickets, and challenges of passkeys. @returns how many there were. */
    async removeExpired(now: number): Promise<number> {
      const [tickets, challenges] = await database.commit([
        orm.delete(loginTickets).where(inPast(loginTickets.expiresAt, now)).returning({ id: loginTickets.id }),
        orm
          .delete(passkeyChallenges)
          .where(inPast(passkeyChallenges.expiresAt, now))
          .returning({ challenge: passkeyChallenges.challenge }),
      ]);
      return tickets.length + challenges.length;
    },
  };
}
