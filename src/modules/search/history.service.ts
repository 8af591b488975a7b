import type { Config } from '../../config.ts';
import type { Database, Statement } from '../../db/client.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Actor } from '../../shared/actor.ts';
import { AppError, notFound } from '../../shared/app-error.ts';
import type { Page, PageRequest } from '../../shared/page.ts';
import { findGaps, type Gap } from './gaps.ts';
import { type CountedQuery, createHistoryRepository, type HistoryFilter, type Span } from './history.repository.ts';
import { textKeyOf } from './query-text.ts';
import { createQueriesRepository, type QueryResult } from './search.repository.ts';

type Deps = { database: Database; clock: Clock; config: Pick<Config, 'QUERY_DAYS'> };

export type ListHistory = PageRequest & Omit<HistoryFilter, 'key'> & { q?: string | undefined };
export type Period = { from?: number | undefined; to?: number | undefined };
export type ResultName = { documentId: string; chunkId?: string | undefined };

/** Newest searches of an owner that popular ones, trends and gaps are told from. */
const MOST_LOOKED_AT = 5_000;
const MOST_REMOVED = 5_000;
const REMOVED_AT_ONCE = 500;
const SWEPT_AT_ONCE = 1_000;
const DAY_MS = 24 * 60 * 60 * 1000;
const USUAL_PERIOD_MS = 30 * DAY_MS;
/** The first day of 1970 was a Thursday; weeks begin on Monday. */
const TO_MONDAY_MS = 3 * DAY_MS;
/** A search is written a moment after its answer; who is quicker waits for it once. */
const WRITTEN_WITHIN_MS = 2_000;
const WAIT_MS = 300;

/** What somebody has asked, and what came of it. Nobody else sees it. */
export function createHistoryService({ database, clock, config }: Deps) {
  const repository = createHistoryRepository(database);
  const queries = createQueriesRepository(database);

  const spanOf = ({ from, to = clock.now() }: Period): Span => ({
    from: from ?? to - USUAL_PERIOD_MS,
    to,
    most: MOST_LOOKED_AT,
  });

  /** Commits what concerns a query; if it was asked just now and is not written yet, a moment later. */
  const commit = async <R>(id: string, work: () => Promise<R>): Promise<R> => {
    try {
      return await work();
    } catch (error) {
      const isNew = Math.abs(clock.now() - askedAt(id)) < WRITTEN_WITHIN_MS;
      if (!isNew || !(error instanceof AppError) || error.kind !== 'not_found') throw error;
      await clock.sleep(WAIT_MS);
      return work();
    }
  };

  return {
    list: (actor: Actor, { q, sort, order, limit, cursor, ...filter }: ListHistory): Promise<Page<CountedQuery>> => {
      const key = q === undefined ? undefined : textKeyOf(q);
      return repository.list(actor.userId, { sort, order, limit, cursor, filter: { ...filter, key } });
    },

    async get(actor: Actor, id: string): Promise<{ query: CountedQuery; results: QueryResult[] }> {
      const [[query], results] = await database.commit([
        repository.select(actor.userId, id),
        queries.resultsOf(actor.userId, [id]),
      ]);
      if (!query) throw notFound('query');
      return { query, results };
    },

    /** Says how well a query, or one of its results, met what was meant: from 0 to 1. */
    judge(
      actor: Actor,
      { id, result, relevanceScore }: { id: string; result?: ResultName | undefined; relevanceScore: number },
    ): Promise<CountedQuery> {
      const { userId: ownerId } = actor;
      const now = clock.now();
      const statements = (): Statement[] =>
        result
          ? repository.note(ownerId, { queryId: id, ...named(result), relevanceScore, now })
          : [repository.requireQuery(ownerId, id), repository.judge(ownerId, { id, relevanceScore, now })];
      return commit(id, async () => {
        const [query] = await database.commitAndRead(statements(), repository.select(ownerId, id));
        if (!query) throw notFound('query');
        return query;
      });
    },

    /** Notes that a result was opened. Said again, it is the same. */
    async click(actor: Actor, { id, rank, ...result }: ResultName & { id: string; rank: number }): Promise<void> {
      const now = clock.now();
      const note = { queryId: id, ...named(result), rank, clickedAt: now, now };
      await commit(id, () => database.commit(repository.note(actor.userId, note)));
    },

    async remove(actor: Actor, id: string): Promise<void> {
      await database.commit([repository.requireQuery(actor.userId, id), repository.remove(actor.userId, id)]);
    },

    /** Removes those of a time, the oldest first, as many as go at once. @returns how many, and whether there are more. */
    async removeAll(actor: Actor, { from = 0, to = clock.now() }: Period) {
      const slice = () => repository.removeSome(actor.userId, { from, to, most: REMOVED_AT_ONCE });
      const slices = await database.commit(Array.from({ length: MOST_REMOVED / REMOVED_AT_ONCE }, slice));
      const removed = slices.reduce((total, ids) => total + ids.length, 0);
      return { removed, isComplete: removed < MOST_REMOVED };
    },

    popular: (actor: Actor, { limit, ...period }: Period & { limit: number }) =>
      repository.popular(actor.userId, { ...spanOf(period), limit }),

    trends: (actor: Actor, { by, ...period }: Period & { by: 'day' | 'week' }) =>
      repository.trends(actor.userId, {
        ...spanOf(period),
        ...(by === 'week' ? { periodMs: 7 * DAY_MS, shiftMs: TO_MONDAY_MS } : { periodMs: DAY_MS, shiftMs: 0 }),
      }),

    async gaps(actor: Actor, { limit, ...period }: Period & { limit: number }): Promise<Gap[]> {
      return findGaps(await repository.recent(actor.userId, spanOf(period))).slice(0, limit);
    },

    /** Forgets what is older than the settings say, some of it at each call. @returns how many. */
    async removeOld(): Promise<number> {
      if (config.QUERY_DAYS === 0) return 0;
      return repository.removeBefore(clock.now() - config.QUERY_DAYS * DAY_MS, SWEPT_AT_ONCE);
    },
  };
}

export type HistoryService = ReturnType<typeof createHistoryService>;

const named = ({ documentId, chunkId = '' }: ResultName) => ({ documentId, chunkId });

/** When an id was made: UUIDv7 begin with the time. */
const askedAt = (id: string) => Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
