import { createHash } from 'node:crypto';
import type { Companion, Database } from '../../db/client.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Ids } from '../../platform/ids.ts';
import type { Logger } from '../../platform/logger.ts';
import type { AuditService } from '../audit/audit.service.ts';
import * as errors from './idempotency.errors.ts';
import { type AttemptKey, createIdempotencyRepository } from './idempotency.repository.ts';
import type { IdempotencyRow } from './idempotency.table.ts';
import { type Answer, type Opener, openAnswer, sealAnswer } from './sealed-answer.ts';

type Deps = { database: Database; clock: Clock; ids: Ids; logger: Logger; audit: AuditService };

export type KeyedRequest = {
  key: string;
  /** Method and path. */
  operation: string;
  /** Of the body. Undefined for an upload, which is not read before it is clear what becomes of it. */
  fingerprint: string | undefined;
  /** Reads an upload only to compare it with one that was answered before. */
  readFingerprint: () => Promise<string>;
};

type Begun = { attempt: AttemptKey; opener: Opener; fingerprint: string | undefined; mark: Companion };

/** After this time without an answer, the same request may be tried anew. */
const LEASE_MS = 60_000;
const RETENTION_MS = 24 * 60 * 60 * 1000;

/**
 * Requests that take effect once. An attempt claims its key, marks it in the very batch by which it takes effect, and
 * stores its answer. What died before that batch is repeated when its lease is out; what died behind it never is. Bound
 * to one invocation, which has one such request at most.
 */
export function createIdempotencyService({ database, clock, ids, logger, audit }: Deps) {
  const repository = createIdempotencyRepository(database);
  let current: Begun | undefined;

  return {
    /**
     * Claims the key for this invocation.
     * @returns the answer to give again, or undefined when the request is to be carried out and then finished.
     * @throws AppError `idempotency_key_reused`, `idempotency_in_progress` or `idempotency_answer_lost`.
     */
    async begin(ownerId: string, request: KeyedRequest): Promise<Answer | undefined> {
      const { key, operation, fingerprint } = request;
      const now = clock.now();
      const attempt = { ownerId, requestHash: sha256(`${operation}\n${key}`), attemptId: ids.next() };
      const times = { leasedUntil: now + LEASE_MS, expiresAt: now + RETENTION_MS };
      const row = await repository.claim({ ...attempt, ...times, fingerprint: fingerprint ?? null }, now);
      const opener = { ownerId, key };
      if (row.attemptId !== attempt.attemptId) return answerOf(row, { request, opener, now });
      const mark = database.accompany(() => repository.markCommitted(attempt, errors.inProgress));
      current = { attempt, opener, fingerprint, mark };
      return undefined;
    },

    /** Says what an upload holds as soon as that is known. */
    identify(fingerprint: string): void {
      if (current) current.fingerprint = fingerprint;
    },

    /** Ends what was begun: keeps the answer if there is one to keep. Its failure is no failure of the request. */
    async finish(answer: Answer | undefined): Promise<void> {
      if (!current) return;
      const { attempt, opener, fingerprint, mark } = current;
      current = undefined;
      mark.withdraw();
      try {
        const isKept = answer !== undefined && fingerprint !== undefined;
        const statements = isKept
          ? [repository.storeAnswer(attempt, { answer: await sealAnswer(answer, opener), fingerprint })]
          : repository.release(attempt, clock.now());
        await database.commitAside(statements);
      } catch (error) {
        logger.error('idempotency.not_finished', error);
      }
    },

    /** Forgets what is older than a day. */
    sweep(): Promise<void> {
      const entry = audit.ofJob({ action: 'sweep.expiredIdempotencyKeys', countingChanges: 'removed' });
      return repository.removeExpired(clock.now(), entry);
    },
  };
}

export type IdempotencyService = ReturnType<typeof createIdempotencyService>;

type Repetition = { request: KeyedRequest; opener: Opener; now: number };

async function answerOf(row: IdempotencyRow, { request, opener, now }: Repetition): Promise<Answer> {
  const isOther = (fingerprint: string | undefined) =>
    fingerprint !== undefined && row.fingerprint !== null && row.fingerprint !== fingerprint;
  if (isOther(request.fingerprint)) throw errors.keyReused();
  if (row.answer === null) throw row.leasedUntil > now ? errors.inProgress() : errors.answerLost();
  if (request.fingerprint === undefined && isOther(await request.readFingerprint())) throw errors.keyReused();
  return openAnswer(row.answer, opener);
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
