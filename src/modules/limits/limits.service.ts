import type { Config } from '../../config.ts';
import type { Database, Statement } from '../../db/client.ts';
import type { Attempts, LockedOut } from '../../limit-objects/attempts.ts';
import type { Standing } from '../../limit-objects/request-limits.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Actor, Caller } from '../../shared/actor.ts';
import { notFound } from '../../shared/app-error.ts';
import type { KeyLimit, UserLimits, UserLimitsService } from '../identity/user-limits.service.ts';
import { type LimitNote, type LimitNotes, NOTES_DELAY_MS } from './limit-notes.ts';
import { createLimitsRepository } from './limits.repository.ts';

type Deps = {
  database: Database;
  /** As it is at present. */
  config: Config;
  clock: Clock;
  logger: Logger;
  attempts: Attempts;
  /** Notes on their way into the catalogue. */
  limitNotes: LimitNotes;
  userLimits: UserLimitsService;
  requireAdmin: (actor: Actor) => Statement[];
  waitUntil: (work: Promise<unknown>) => void;
};

/**
 * A flood from many addresses at once must not become a flood of rows: those that were refused most are kept. Each has
 * ten parameters, of which a statement takes a hundred.
 */
const MAX_SUBJECTS_PER_WRITE = 9;
/** Who has less than this part of a quota left is near it. */
const NEAR = 0.1;
const SHOWN_FOR_MS = 60 * 60 * 1000;
const KEPT_FOR_MS = 24 * 60 * 60 * 1000;
const MAX_SHOWN = 200;

/** What administrators see of limits, and how they change them for one user, key, account or address. */
export function createLimitsService(deps: Deps) {
  const { database, config, clock, userLimits } = deps;
  const repository = createLimitsRepository(database);

  const flush = async (): Promise<void> => {
    const notes = deps.limitNotes.take(MAX_SUBJECTS_PER_WRITE);
    if (notes.length === 0) return;
    try {
      const accounts = notes.flatMap(({ account }) => (account === undefined ? [] : [account]));
      const owners = accounts.length === 0 ? new Map<string, string>() : await userLimits.ownersOf(accounts);
      const events = notes.map(({ account, ...event }) => ({
        ...event,
        userId: event.userId ?? owners.get(account ?? '') ?? null,
      }));
      await database.commit([repository.record(events)]);
    } catch (error) {
      deps.logger.error('limits.notes_lost', error, { subjects: notes.length });
    }
  };

  const tell = (note: LimitNote): void => {
    if (deps.limitNotes.add(note)) deps.waitUntil(clock.sleep(NOTES_DELAY_MS).then(flush));
  };

  return {
    /** Leaves it to be told, after the answer, who is near or over a limit. */
    note(caller: Caller, standings: readonly Standing[]): void {
      const userId = 'userId' in caller ? caller.userId : null;
      const now = clock.now();
      for (const { subject, policy, quota, remaining, isAllowed, retryAfterSeconds } of tightest(standings)) {
        if (isAllowed && remaining > quota * NEAR) continue;
        const refused = isAllowed
          ? { refusals: 0, refusedAt: null, blockedUntil: null }
          : { refusals: 1, refusedAt: now, blockedUntil: now + retryAfterSeconds * 1000 };
        tell({ subject, kind: 'requests', userId, policy, quota, remaining, ...refused, seenAt: now });
      }
    },

    /** The same of who is locked out. */
    noteLockout({ subject, account, blockedUntil, wasRefused }: LockedOut): void {
      const now = clock.now();
      const refused = wasRefused ? { refusals: 1, refusedAt: now } : { refusals: 0, refusedAt: null };
      const unknown = { userId: null, policy: null, quota: null, remaining: null };
      tell({ subject, kind: 'attempts', ...unknown, ...refused, blockedUntil, seenAt: now, account });
    },

    /** What holds, who is near or over it, and who is locked out. */
    async overview() {
      const now = clock.now();
      const since = { since: now - SHOWN_FOR_MS, limit: MAX_SHOWN };
      const [requests, attempts, users, apiKeys] = await database.commit([
        repository.selectSince('requests', since),
        repository.selectSince('attempts', { since: now - KEPT_FOR_MS, limit: MAX_SHOWN }),
        ...userLimits.selectLimited(MAX_SHOWN),
      ]);
      return {
        config,
        requests,
        lockouts: attempts.filter(({ blockedUntil }) => (blockedUntil ?? 0) > now),
        users,
        apiKeys,
      };
    },

    /** Gives users and API keys limits of their own, or with null the usual ones. All of it, or nothing. */
    change: (actor: Actor, limits: { users: UserLimits[]; apiKeys: KeyLimit[] }): Promise<void> =>
      userLimits.change(limits, deps.requireAdmin(actor)),

    /** Lets an account or an address try again at once. */
    async unlock(actor: Actor, guardName: string): Promise<void> {
      await database.commit([...deps.requireAdmin(actor), repository.remove(guardName)]);
      if (!(await deps.attempts.unlock(guardName))) throw notFound('lock-out');
    },

    /** Forgets what was noted a day ago. @returns how many subjects. */
    removeOld: () => repository.removeBefore(clock.now() - KEPT_FOR_MS),
  };
}

export type LimitsService = ReturnType<typeof createLimitsService>;

/** For each subject the policy that refuses it, or leaves it the least. */
function tightest(standings: readonly Standing[]): Standing[] {
  const room = ({ isAllowed, remaining, quota }: Standing) => (isAllowed ? remaining / quota : -1);
  const roomiestFirst = [...standings].sort((a, b) => room(b) - room(a));
  return [...new Map(roomiestFirst.map((standing) => [standing.subject, standing])).values()];
}
