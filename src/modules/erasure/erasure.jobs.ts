import type { Config } from '../../config.ts';
import type { Database } from '../../db/client.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { KeyRing } from '../../platform/secrets/key-ring.ts';
import type { AccountClosing, AccountNames } from '../identity/account-closing.ts';
import { LeaseLostError, NotYetError, retryDelayMs } from '../ingestion/job-lifecycle.ts';
import { type Erasing, totalOf } from './erasing.ts';
import { createErasureRepository, type ErasureLease } from './erasure.repository.ts';
import type { Erasure, Remains } from './erasure.table.ts';
import { openSubject } from './erasure-subject.ts';

type Deps = {
  database: Database;
  clock: Clock;
  config: Pick<Config, 'JOB_LEASE_MS' | 'IDENTITY_CACHE_SECONDS'>;
  logger: Logger;
  keyRing: KeyRing;
  erasing: Erasing;
  accountClosing: AccountClosing;
};

export type ErasureReport = {
  outcome: 'not_due' | 'waiting' | 'retry' | 'succeeded' | 'closed' | 'lease_lost';
  attempt?: number;
  /** When it should be woken again. */
  retryDelayMs?: number;
};

/** For requests that began in the last moment in which their credential was trusted. */
const LAST_REQUESTS_MS = 5_000;
const DAY_MS = 24 * 60 * 60 * 1000;
/** An upload may take hours, and die when its bytes are stored and its row is refused: nobody else looks for those. */
const LAST_LOOK_MS = DAY_MS;
const RECEIPT_KEPT_MS = 90 * DAY_MS;

/** Not everything had gone. What was found has been removed; whether that was all, another look will show. */
class RemainsError extends Error {
  override readonly name = 'RemainsError';
  readonly remaining: Remains;

  constructor(remaining: Remains) {
    super(`Something is left of an erased account: ${JSON.stringify(remaining)}`);
    this.remaining = remaining;
  }
}

type Attempt = { erasure: Erasure; lease: ErasureLease; names: AccountNames };

/**
 * The job `erase_account`. Its row belongs to nobody, for the rows of the user whom it erases go, jobs included. It never
 * gives up: it ends when a look at every store has found nothing. An attempt begins at the beginning, because emptying
 * what is empty costs little; so it may die anywhere.
 *
 * First everything goes at once. When no isolate trusts the account's credentials any more, what they have made meanwhile
 * goes too, and the user's row: then the catalogue refuses anything new. When no attempt of a former job can be at work any
 * more, the last of what those have put down goes, and the proof is taken. A day later it looks once more.
 */
export function createErasureRunner(deps: Deps) {
  const { database, clock, config, logger, keyRing, erasing, accountClosing } = deps;
  const repository = createErasureRepository(database);
  const leaseMs = config.JOB_LEASE_MS;

  const waitUntil = (time: number, what: string): void => {
    if (clock.now() < time) throw new NotYetError(what, time - clock.now());
  };

  /** A sign of life, at most every third of the lease. */
  const signFor = (lease: ErasureLease) => {
    let lastMs = clock.now();
    return async () => {
      if (clock.now() - lastMs <= leaseMs / 3) return;
      lastMs = clock.now();
      await repository.prolong(lease, { now: lastMs, leaseMs });
    };
  };

  /** Removes the user's row. @returns when that was done first. */
  const fence = async ({ erasure, lease, names }: Attempt): Promise<number> => {
    const now = clock.now();
    await database.commit([...repository.fence(lease, now), accountClosing.remove(names.ownerId)]);
    return erasure.fencedAt ?? now;
  };

  /** @throws NotYetError, RemainsError */
  const work = async (attempt: Attempt): Promise<ErasureReport> => {
    const { erasure, lease, names } = attempt;
    const trustedUntil = erasure.createdAt + config.IDENTITY_CACHE_SECONDS * 1000 + LAST_REQUESTS_MS;
    await erasing.clear(names, { sign: signFor(lease), mailedBefore: trustedUntil });
    waitUntil(trustedUntil, 'Its credentials may still be trusted somewhere.');
    const quietAt = (await fence(attempt)) + leaseMs;
    waitUntil(quietAt, 'An attempt of one of its jobs may not have noticed yet.');
    const remaining = await erasing.prove(names, { mailedBefore: trustedUntil });
    if (totalOf(remaining) > 0) throw new RemainsError(remaining);
    const now = clock.now();
    if (erasure.status === 'succeeded') {
      await database.commit(repository.close(lease, { remaining, now }));
      return { outcome: 'closed' };
    }
    const times = { now, dueAt: now + LAST_LOOK_MS, expiresAt: now + RECEIPT_KEPT_MS };
    await database.commit(repository.succeed(lease, { remaining, ...times }));
    return { outcome: 'succeeded' };
  };

  /** What becomes of an erasure whose attempt threw. */
  const settle = async (error: unknown, { erasure, lease }: Omit<Attempt, 'names'>): Promise<ErasureReport> => {
    const now = clock.now();
    const { attempts } = erasure;
    if (error instanceof NotYetError) {
      const { delayMs } = error;
      await database.commit(repository.postpone(lease, { attempt: attempts - 1, dueAt: now + delayMs, now }));
      return { outcome: 'waiting', retryDelayMs: delayMs };
    }
    logger.error('erasure.attempt_failed', error, { erasureId: erasure.id, attempt: attempts });
    const delayMs = retryDelayMs({ attempts, random: Math.random });
    const remaining = error instanceof RemainsError ? { remaining: error.remaining } : {};
    const postponed = { attempt: attempts, dueAt: now + delayMs, now, ...remaining };
    await database.commit(repository.postpone(lease, postponed));
    return { outcome: 'retry', retryDelayMs: delayMs };
  };

  return {
    /** One attempt. Safe when called twice, late, or by two workers at once. */
    async run(id: string): Promise<ErasureReport> {
      const lease = { id, leaseToken: crypto.randomUUID() };
      const erasure = await repository.claim(id, { leaseToken: lease.leaseToken, now: clock.now(), leaseMs });
      if (!erasure || erasure.subject === null) return { outcome: 'not_due' };
      const { subject: sealed, attempts: attempt } = erasure;
      try {
        const names = await openSubject(keyRing, { erasureId: id, sealed });
        return { ...(await work({ erasure, lease, names })), attempt };
      } catch (error) {
        if (error instanceof LeaseLostError) return { outcome: 'lease_lost', attempt };
        return settle(error, { erasure, lease }).then(
          (report) => ({ ...report, attempt }),
          (reason: unknown) => {
            if (reason instanceof LeaseLostError) return { outcome: 'lease_lost' as const, attempt };
            throw reason;
          },
        );
      }
    },
  };
}
