import type { Config } from '../../config.ts';
import type { Database } from '../../db/client.ts';
import type { Clock } from '../../platform/clock.ts';
import { type Web, type WebAnswer, WebError } from '../../platform/web/web.ts';
import { AppError } from '../../shared/app-error.ts';
import type { Archive } from '../ingestion/archive.ts';
import { NotYetError, PermanentJobError } from '../ingestion/job-lifecycle.ts';
import type { Attempt, Completion, JobHandler } from '../ingestion/job-runner.ts';
import type { DocumentsService, FiledDocument } from '../library/documents.service.ts';
import { subjectOf } from '../library/library.jobs.ts';
import { peek } from './body-pieces.ts';
import type { createFeedReading } from './feed-reading.ts';
import { HEAD_BYTES, looksLikeFeed } from './feeds/feed.ts';
import { createResourcesRepository, type Turn } from './resources.repository.ts';
import type { createTakingIn } from './taking-in.ts';

type Deps = {
  database: Database;
  clock: Clock;
  config: Pick<Config, 'FETCH_GAP_MS' | 'FETCH_TIMEOUT_MS'>;
  web: Web;
  archive: Archive;
  documents: DocumentsService;
  takingIn: ReturnType<typeof createTakingIn>;
  feedReading: ReturnType<typeof createFeedReading>;
};

/** Of one owner, at one host, at the same time. */
const MAX_AT_HOST = 2;
const HOST_BUSY_MS = 2_000;
/** What comes on top of the fetch itself, before its place is given away. */
const KEEPING_MS = 30_000;
/** A turn that is this near is worth staying for. */
const WAITED_FOR_MS = 1_000;
/** A site that answers nobody is left alone sooner than a part of ours would be. */
const MAX_FETCHES = 4;
/** How often it is believed that it will answer later. */
const MAX_RETRY_AFTERS = 3;

/**
 * Fetches what is at a resource's address and makes a document of it, or looks whether it has changed since, or discovers
 * what a feed names. The end of the job and what it leaves are one commit: a crash before it leaves nothing but bytes
 * that the next attempt replaces, and after it there is nothing left to do.
 */
export function createFetchResource(deps: Deps): JobHandler {
  const { database, clock, config, web, documents, takingIn, feedReading } = deps;
  const repository = createResourcesRepository(database);

  /**
   * Takes its turn. @returns undefined when it has been deleted.
   * @throws NotYetError until it is let in: waiting is no failed attempt.
   */
  const begin = async ({ job, requireLease }: Attempt): Promise<Turn | undefined> => {
    const id = subjectOf(job);
    const now = clock.now();
    const busyUntil = now + config.FETCH_TIMEOUT_MS + KEEPING_MS;
    const [turn] = await database.commitAndRead(
      [
        requireLease(),
        repository.takeTurn(job.ownerId, { id, gapMs: config.FETCH_GAP_MS, now }),
        repository.enter(job.ownerId, { id, by: now + WAITED_FOR_MS, busyUntil, most: MAX_AT_HOST, now }),
      ],
      repository.turn(job.ownerId, id),
    );
    if (!turn) return undefined;
    const waitMs = (turn.slotAt ?? 0) - now;
    if (waitMs > WAITED_FOR_MS) throw new NotYetError('Others are fetched from the same site first.', waitMs);
    if (turn.busyUntil !== busyUntil) {
      throw new NotYetError('Enough is being fetched from the same site.', HOST_BUSY_MS * (0.5 + Math.random()));
    }
    if (waitMs > 0) await clock.sleep(waitMs);
    return turn;
  };

  /** The document that there is of it; undefined where nothing was kept yet, or it is in the trash. */
  const documentOf = async ({ actor }: Attempt, { documentId }: Turn): Promise<FiledDocument | undefined> => {
    if (documentId === null) return undefined;
    return documents.get(actor, documentId).catch((error: unknown) => {
      if (error instanceof AppError && error.kind === 'not_found') return undefined;
      throw error;
    });
  };

  const unchanged = (turn: Turn, answer: WebAnswer): Completion => {
    const changes = { etag: answer.etag ?? turn.etag, lastModified: answer.lastModified ?? turn.lastModified };
    const statement = repository.fetched(turn.ownerId, { id: turn.id, changes, now: clock.now() });
    return { result: { outcome: 'unchanged', documentId: turn.documentId }, statements: [statement] };
  };

  const look = async (
    attempt: Attempt,
    { turn, answer, document }: { turn: Turn; answer: WebAnswer; document: FiledDocument | undefined },
  ) => {
    if (answer.status === 304) return unchanged(turn, answer);
    const peeked = await peek(answer.body, HEAD_BYTES);
    const isFeed = turn.type === 'feed' || (turn.type === null && looksLikeFeed(peeked.head));
    if (!isFeed) return takingIn.keep(attempt, { turn, answer, peeked, document });
    if (!looksLikeFeed(peeked.head)) throw notAFeed();
    return feedReading.discover(turn, { answer, body: peeked.body });
  };

  const fetch = async (attempt: Attempt, turn: Turn): Promise<Completion> => {
    const document = await documentOf(attempt, turn);
    if (turn.documentId !== null && !document) {
      return {
        result: { outcome: 'in_trash' },
        statements: [repository.putOff(turn.ownerId, { id: turn.id, now: clock.now() })],
      };
    }
    // What was kept is compared with; what nobody has kept is wanted whole.
    const hasSomething = document !== undefined || (turn.type === 'feed' && turn.changedAt !== null);
    const validators = hasSomething ? { etag: turn.etag, lastModified: turn.lastModified } : {};
    const answer = await web.open(turn.url, { ...validators, isAutomatic: !turn.isAskedFor });
    try {
      return await look(attempt, { turn, answer, document });
    } finally {
      answer.close();
    }
  };

  /** What becomes of a job whose site did not answer as it should. */
  const explain = async (attempt: Attempt, { error, turn }: { error: unknown; turn: Turn }): Promise<unknown> => {
    if (!(error instanceof WebError)) return error;
    const { job } = attempt;
    if (!error.isTransient || job.attempts >= MAX_FETCHES) {
      return new PermanentJobError(error.failure, error.message, { cause: error });
    }
    await database.commit([repository.fetchedInVain(turn.ownerId, { id: turn.id, now: clock.now() })]);
    const waits = Number(job.checkpoint['waits'] ?? 0);
    if (error.retryAfterMs === undefined || waits >= MAX_RETRY_AFTERS) return error;
    await attempt.checkpoint({ checkpoint: { ...job.checkpoint, waits: waits + 1 } });
    return new NotYetError('The site asks to be left alone for a while.', error.retryAfterMs);
  };

  return {
    async run(attempt) {
      const turn = await begin(attempt);
      // Deleted since: there is nothing to do, and nothing has gone wrong.
      if (!turn) return { result: { outcome: 'gone' }, statements: [] };
      try {
        return await fetch(attempt, turn);
      } catch (error) {
        throw await explain(attempt, { error, turn });
      }
    },

    onFailure: (job, failure) => [
      repository.failed(job.ownerId, {
        id: subjectOf(job),
        failure,
        isForGood: failure.code === 'http_410',
        now: clock.now(),
      }),
    ],

    /** What a stopped attempt may have left of a document that never came to be. */
    async afterFailure(job) {
      await deps.archive.removeDocument(job.ownerId, job.id);
    },
  };
}

const notAFeed = () =>
  new PermanentJobError('not_a_feed', 'There is no feed at this address. A page that has one names it under `feeds`.');
