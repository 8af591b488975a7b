import type { Config } from '../../config.ts';
import type { Database, Statement } from '../../db/client.ts';
import { requireChange } from '../../db/sql.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Actor } from '../../shared/actor.ts';
import { notFound, staleVersion } from '../../shared/app-error.ts';
import type { Page, PageRequest } from '../../shared/page.ts';
import { createAdminUsersRepository, type UserFilter } from './admin-users.repository.ts';
import { twoFactorDisabled } from './factors/factors.errors.ts';
import { createNotices, type NoticeDeps } from './factors/notices.ts';
import { createTwoFactorRepository } from './factors/two-factor.repository.ts';
import * as errors from './identity.errors.ts';
import { createIdentityRepository } from './identity.repository.ts';
import type { Session, User } from './identity.table.ts';
import type { IdentityCache } from './identity-cache.ts';
import { emailKey, usernameKeys } from './login-keys.ts';
import { twoFactorOffMail } from './mails/two-factor-changed.ts';
import { createPasswords, UNUSABLE_PASSWORD } from './password.ts';
import { generatePassword } from './password-generator.ts';
import { summarise, type UserNumbers } from './user-statistics.ts';

type Deps = NoticeDeps & {
  database: Database;
  config: Pick<Config, 'SCRYPT_COST_LOG2'>;
  clock: Clock;
  identities: IdentityCache;
};

export type UserSearch = Omit<PageRequest, 'sort'> &
  Omit<UserFilter, 'words'> & {
    sort: 'createdAt' | 'lastLoginAt' | 'username';
    /** Beginnings of the username, the e-mail address, or words of the full name. */
    q?: string | undefined;
  };

export type UserChanges = {
  role?: User['role'] | undefined;
  status?: User['status'] | undefined;
  fullName?: string | null | undefined;
};

export type NewAccount = {
  email: string;
  username: string;
  fullName?: string | null | undefined;
  role: User['role'];
  /** Whether somebody is mailed a link to choose a password, or the administrator is told one. */
  access: 'invitation' | 'password';
};

const MAX_WORDS = 5;
/** About 130 bits. */
const GENERATED = { kind: 'words', words: 10, separator: '-' } as const;

/** What administrators do with other people's accounts. */
export function createAdminUsersService(deps: Deps) {
  const { database, clock, ids, identities, verifications } = deps;
  const repository = createAdminUsersRepository(database);
  const identity = createIdentityRepository(database);
  const factors = createTwoFactorRepository(database);
  const notify = createNotices(deps);
  const passwords = createPasswords({ costLog2: deps.config.SCRYPT_COST_LOG2 });

  const requireAdmin = (actor: Actor): Statement[] => repository.requireAdmin(actor, clock.now());

  /** Commits the change of somebody's account. @returns the account, which may have been so already. */
  const commitChange = async (id: string, statements: readonly Statement[]): Promise<User> => {
    const [user] = await database.commitAndRead([...statements, repository.requireUser(id)], repository.select(id));
    if (!user) throw notFound('user');
    identities.forgetUser(id);
    return user;
  };

  const requireOther = (actor: Actor, id: string): void => {
    if (actor.userId === id) throw errors.ownAccount();
  };

  /** Nobody is in any more, and no mail that was sent before lets anybody in, or moves the account to another address. */
  const locking = (id: string, now: number): Statement[] => [
    repository.removeSessions(id),
    verifications.endAll(id, { purpose: 'password_reset', now }),
    verifications.endAll(id, { purpose: 'email_change', now }),
  ];

  return {
    /** Undoes its batch unless the actor, who was an administrator moments ago, is one still. */
    requireAdmin,

    async list({ q = '', sort, limit, cursor, order, ...filter }: UserSearch): Promise<Page<User>> {
      const words = q.split(/\s+/).filter(Boolean).slice(0, MAX_WORDS);
      const sorted = sort === 'username' ? 'usernameKey' : sort;
      return repository.list({ ...filter, words }, { limit, cursor, order, sort: sorted });
    },

    async statistics(): Promise<UserNumbers> {
      const now = clock.now();
      return summarise(now, (since) => repository.statistics(since));
    },

    async get(id: string): Promise<User> {
      const [user] = await repository.select(id);
      if (!user) throw notFound('user');
      return user;
    },

    /**
     * Makes an account.
     * @returns the password, which is never shown again, if nobody is invited by mail.
     */
    async create(actor: Actor, { email, username, fullName = null, role, access }: NewAccount) {
      const password = access === 'password' ? (await generatePassword(GENERATED)).password : undefined;
      const passwordHash = password === undefined ? UNUSABLE_PASSWORD : await passwords.hash(password);
      const now = clock.now();
      const keys = { emailKey: emailKey(email), ...usernameKeys(username) };
      const times = { createdAt: now, updatedAt: now };
      const row = { id: ids.next(), email, username, ...keys, passwordHash, fullName, role, ...times };
      const mail = verifications.issue(
        row,
        password === undefined
          ? { purpose: 'password_reset', reason: 'invitation', now }
          : { purpose: 'email_verification', now },
      );
      try {
        const statements = [...requireAdmin(actor), identity.insertUser(row), mail.insert];
        const [user] = await database.commitAndRead(statements, repository.select(row.id));
        if (!user) throw new Error('The database answered an insert without its row.');
        verifications.inBackground(mail.deliver);
        return { user, password };
      } catch (error) {
        throw errors.takenError(error) ?? error;
      }
    },

    /** @throws own_account for one's own role or status; last_admin; stale_version. */
    change(
      actor: Actor,
      { id, changes, expectedVersion }: { id: string; changes: UserChanges; expectedVersion?: number | undefined },
    ) {
      const { status, role, fullName } = changes;
      const now = clock.now();
      if (status !== undefined || role !== undefined) requireOther(actor, id);
      const fields = {
        ...(role !== undefined && { role }),
        ...(fullName !== undefined && { fullName }),
        ...(status !== undefined && repository.statusChanges(status, now)),
      };
      const takesAdminAway = role === 'user' || status === 'deactivated';
      return commitChange(id, [
        ...requireAdmin(actor),
        ...(takesAdminAway ? [repository.requireAnotherAdmin(id)] : []),
        repository.requireUser(id),
        repository.change(id, { changes: fields, expectedVersion, now }),
        requireChange(database, () => staleVersion('account')),
        ...(status === 'deactivated' ? locking(id, now) : []),
      ]);
    },

    /** Ends all sessions and stops all keys: at once in this isolate, within IDENTITY_CACHE_SECONDS in others. */
    deactivate(actor: Actor, id: string): Promise<User> {
      requireOther(actor, id);
      const now = clock.now();
      return commitChange(id, [
        ...requireAdmin(actor),
        repository.requireAnotherAdmin(id),
        repository.deactivate(id, now),
        ...locking(id, now),
      ]);
    },

    /** Lets the account in again. Its API keys work as before; sessions are gone. */
    reactivate(actor: Actor, id: string): Promise<User> {
      return commitChange(id, [...requireAdmin(actor), repository.reactivate(id, clock.now())]);
    },

    /** Sessions of a user that can still be continued. */
    async listSessions(id: string, page: PageRequest): Promise<Page<Session>> {
      const { statement, pageOf } = repository.selectSessions(id, { ...page, now: clock.now() });
      const [users, sessions] = await database.commit([repository.select(id), statement]);
      if (users.length === 0) throw notFound('user');
      return pageOf(sessions);
    },

    /** Logs a user out everywhere; API keys stay. */
    async endSessions(actor: Actor, id: string): Promise<void> {
      requireOther(actor, id);
      await commitChange(id, [...requireAdmin(actor), repository.removeSessions(id)]);
    },

    /** Lets in by the password alone whoever has lost their app and their codes. Ends all sessions. */
    async endTwoFactor(actor: Actor, id: string): Promise<User> {
      requireOther(actor, id);
      const now = clock.now();
      const changed = await commitChange(id, [
        ...requireAdmin(actor),
        repository.requireUser(id),
        ...factors.turnOff(id, { now, refusal: twoFactorDisabled }),
        factors.remove(id),
        factors.removeCodes(id),
        factors.removeTickets(id),
        ...locking(id, now),
      ]);
      notify(changed, () => twoFactorOffMail(changed));
      return changed;
    },

    /** Makes the password worthless, ends all sessions, and mails a link to choose another password. */
    async forceReset(actor: Actor, id: string): Promise<User> {
      requireOther(actor, id);
      const [user] = await repository.select(id);
      if (!user) throw notFound('user');
      const now = clock.now();
      const mail = verifications.issue(user, { purpose: 'password_reset', reason: 'forced', now });
      const changed = await commitChange(id, [
        ...requireAdmin(actor),
        repository.endPassword(id, { passwordHash: UNUSABLE_PASSWORD, now }),
        requireChange(database, errors.accountNotActive),
        ...locking(id, now),
        mail.insert,
      ]);
      verifications.inBackground(mail.deliver);
      return changed;
    },
  };
}

export type AdminUsersService = ReturnType<typeof createAdminUsersService>;
