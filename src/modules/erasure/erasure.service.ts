import type { Database } from '../../db/client.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Ids } from '../../platform/ids.ts';
import type { JobQueue } from '../../platform/queue/job-queue.ts';
import type { KeyRing } from '../../platform/secrets/key-ring.ts';
import type { Actor } from '../../shared/actor.ts';
import { notFound } from '../../shared/app-error.ts';
import type { AccountClosing, Confirmation } from '../identity/account-closing.ts';
import { issueToken, parseToken } from '../identity/tokens.ts';
import { createErasureRepository } from './erasure.repository.ts';
import type { Erasure } from './erasure.table.ts';
import { sealSubject } from './erasure-subject.ts';

type Deps = {
  database: Database;
  clock: Clock;
  ids: Ids;
  queue: JobQueue;
  keyRing: KeyRing;
  accountClosing: AccountClosing;
  waitUntil: (work: Promise<unknown>) => void;
};

/** What whoever deleted their account is given. `receipt` is shown this once. */
export type Begun = { erasureId: string; receipt: string };

/** An erasure may be due this long before the sweep takes its wake-up for lost. */
const WAKE_GRACE_MS = 5_000;

/** Deleting accounts, and showing that it was done. */
export function createErasureService({ database, clock, ids, queue, keyRing, accountClosing, waitUntil }: Deps) {
  const repository = createErasureRepository(database);

  return {
    /** Takes the account from everybody at once, and has everything that it owns erased. There is no way back. */
    async begin(actor: Actor, confirmation: Confirmation): Promise<Begun> {
      const { names, statements, forget } = await accountClosing.close(actor, confirmation);
      const id = ids.next();
      const now = clock.now();
      const { token, hash: tokenHash } = issueToken('erasure');
      const subject = await sealSubject(keyRing, { erasureId: id, names });
      const row = { id, tokenHash, subject, dueAt: now, createdAt: now, updatedAt: now };
      await database.commit([...statements, repository.insert(row)]);
      forget();
      // After the answer: on one machine it would run before it.
      waitUntil(clock.sleep(0).then(() => queue.wakeErasures([id])));
      return { erasureId: id, receipt: token };
    },

    /** By its receipt. */
    async get(receipt: string): Promise<Erasure> {
      const parsed = parseToken(receipt);
      const erasure = parsed?.kind === 'erasure' ? await repository.findByToken(parsed.hash) : undefined;
      if (!erasure) throw notFound('erasure');
      return erasure;
    },

    /** Wakes those whose message, or whose worker, was lost. @returns how many. */
    async wakeLost(): Promise<number> {
      const lost = await repository.dueSince(clock.now() - WAKE_GRACE_MS);
      await queue.wakeErasures(lost);
      return lost.length;
    },

    /** Forgets those that ended 90 days ago. @returns how many. */
    removeExpired: () => repository.removeExpired(clock.now()),
  };
}

export type ErasureService = ReturnType<typeof createErasureService>;
