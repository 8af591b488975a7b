import { createHash } from 'node:crypto';
import type { Database, Statement } from '../../../db/client.ts';
import { requireChange } from '../../../db/sql.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { Ids } from '../../../platform/ids.ts';
import type { User } from '../identity.table.ts';
import { issueToken, parseToken } from '../tokens.ts';
import * as errors from './factors.errors.ts';
import { createTicketsRepository, type TicketHolder } from './tickets.repository.ts';

/** A login whose first factor was right: good for one with the second, for five minutes. */
export type IssuedTicket = { ticket: string; expiresAt: number };

/** Whose it is; `use` ends it in the batch that opens the session, or undoes that batch. */
type OpenTicket = Omit<TicketHolder, 'passwordMark'> & { use: (now: number) => Statement[] };

const LIFETIME_MS = 5 * 60_000;

/** Changes with the password, and tells nothing of it. */
const markOf = (passwordHash: string): string => createHash('sha256').update(passwordHash).digest('hex');

/** What somebody holds between the two factors of a login: opaque, good once, worthless once the password changes. */
export function createTickets({ database, clock, ids }: { database: Database; clock: Clock; ids: Ids }) {
  const repository = createTicketsRepository(database);

  return {
    issue(user: Pick<User, 'id' | 'passwordHash'>, now: number): { issued: IssuedTicket; insert: Statement } {
      const { token: ticket, hash: ticketHash } = issueToken('login_ticket');
      const expiresAt = now + LIFETIME_MS;
      const passwordMark = markOf(user.passwordHash);
      const row = { id: ids.next(), ownerId: user.id, ticketHash, passwordMark, expiresAt, createdAt: now };
      return { issued: { ticket, expiresAt }, insert: repository.insert(row) };
    },

    /** @throws invalid_ticket */
    async open(ticket: string): Promise<OpenTicket> {
      const parsed = parseToken(ticket);
      if (parsed?.kind !== 'login_ticket') throw errors.invalidTicket();
      const { hash: ticketHash } = parsed;
      const holder = await repository.findHolder(ticketHash, clock.now());
      if (!holder || holder.passwordMark !== markOf(holder.user.passwordHash)) throw errors.invalidTicket();
      const { user, twoFactor } = holder;
      const use = (now: number) => [
        repository.use(user.id, { ticketHash, now }),
        requireChange(database, errors.invalidTicket),
      ];
      return { user, twoFactor, use };
    },

    /** Removes what has expired. @returns how many rows. */
    removeExpired: () => repository.removeExpired(clock.now()),
  };
}

export type Tickets = ReturnType<typeof createTickets>;
