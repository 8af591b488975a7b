import type { Database } from '../../db/client.ts';
import type { CacheOutcome } from '../../index-object/index.types.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Ids } from '../../platform/ids.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Actor } from '../../shared/actor.ts';
import { AppError } from '../../shared/app-error.ts';
import { InvalidCursorError } from '../../shared/page.ts';
import type { WriteBuffer } from '../../shared/write-buffer.ts';
import { textKeyOf } from './query-text.ts';
import { createQueriesRepository, type QueryRow, type SearchDay } from './search.repository.ts';
import type { SearchInput, SearchOutcome } from './search.service.ts';

/** A search on its way into the history, and where its answer came from. */
export type RecentQuery = { row: QueryRow; cache: CacheOutcome };

/** Searches of this long are written together. A crash loses them from the history, and nothing else. */
export const HISTORY_DELAY_MS = 100;

/** A row for each kind of search and day takes ten parameters, of which a statement takes a hundred. */
const MAX_DAYS_PER_WRITE = 9;
const DAY_MS = 24 * 60 * 60 * 1000;

type Deps = {
  database: Database;
  clock: Clock;
  ids: Ids;
  logger: Logger;
  recentQueries: WriteBuffer<RecentQuery>;
  waitUntil: (work: Promise<unknown>) => void;
};

/** Leaves searches to be written after the answer, so that nobody waits for the history. */
export function createHistoryRecording(deps: Deps) {
  const { clock } = deps;
  const queries = createQueriesRepository(deps.database);

  /** Writes what this request and others have left to be written. */
  const flush = async () => {
    const taken = deps.recentQueries.take();
    if (taken.length === 0) return;
    try {
      const days = daysOf(taken).slice(0, MAX_DAYS_PER_WRITE);
      await deps.database.commitAside([queries.insertMany(taken.map(({ row }) => row)), queries.count(days)]);
    } catch (error) {
      deps.logger.error('search.history_failed', error, { rows: taken.length });
    }
  };

  const record = (actor: Actor, input: SearchInput, entry: Entry) => {
    const { q, mode, cursor, filter, ...asked } = input;
    // Whoever reads on asks nothing new.
    const context = { ...asked, filter: filter?.written, ...(cursor !== undefined && { continued: true }) };
    const { cache = 'missed', ...found } = entry;
    if (cache === 'kv_failed') deps.logger.warn('search.cache_failed');
    const now = clock.now();
    const row: QueryRow = {
      ...found,
      ownerId: actor.userId,
      queryText: q,
      queryType: mode,
      textKey: textKeyOf(q),
      context: JSON.parse(JSON.stringify(context)),
      cacheHit: isHit(cache),
      relevanceScore: null,
      sessionId: actor.credential.id,
      createdAt: now,
      updatedAt: now,
    };
    if (deps.recentQueries.add({ row, cache })) deps.waitUntil(clock.sleep(HISTORY_DELAY_MS).then(flush));
  };

  return {
    succeeded(actor: Actor, { input, outcome }: { input: SearchInput; outcome: SearchOutcome }): void {
      record(actor, input, {
        id: outcome.queryId,
        status: 'succeeded',
        errorMessage: null,
        responseTimeMs: outcome.durationMs,
        resultCount: outcome.hits.length,
        documentIds: [...new Set(outcome.hits.map((hit) => hit.documentId))],
        cache: outcome.cache,
      });
    },

    /** The same verb, whose failures are remembered as well. What the caller did wrong is no failure of the search. */
    noting(search: (actor: Actor, input: SearchInput) => Promise<SearchOutcome>) {
      return async (actor: Actor, input: SearchInput): Promise<SearchOutcome> => {
        const started = performance.now();
        try {
          return await search(actor, input);
        } catch (error) {
          if (!isRefusal(error)) {
            const failure = { status: 'failed' as const, errorMessage: nameOf(error), resultCount: 0, documentIds: [] };
            const responseTimeMs = Math.round((performance.now() - started) * 100) / 100;
            record(actor, input, { ...failure, id: deps.ids.next(), responseTimeMs });
          }
          throw error;
        }
      };
    },
  };
}

type Found = Pick<QueryRow, 'id' | 'status' | 'errorMessage' | 'responseTimeMs' | 'resultCount' | 'documentIds'>;
type Entry = Found & { cache?: CacheOutcome | undefined };

export const isHit = (cache: CacheOutcome | undefined): boolean => cache === 'isolate' || cache === 'kv';

const isRefusal = (error: unknown) => error instanceof AppError || error instanceof InvalidCursorError;

/** What kind of error it was. Its message may quote what people wrote. */
const nameOf = (error: unknown) => (error instanceof Error ? error.name : 'Error');

/** What these searches add to the numbers of their days. */
function daysOf(taken: readonly RecentQuery[]): SearchDay[] {
  const dayOf = ({ row }: RecentQuery) => Math.floor(row.createdAt / DAY_MS);
  const groups = Map.groupBy(taken, (entry) => `${dayOf(entry)} ${entry.row.queryType}`);
  return [...groups.values()].flatMap((entries) => {
    const [first] = entries;
    if (first === undefined) return [];
    const total = (counts: (entry: RecentQuery) => boolean) => entries.filter(counts).length;
    return [
      {
        day: dayOf(first),
        queryType: first.row.queryType,
        searches: entries.length,
        failures: total(({ row }) => row.status === 'failed'),
        empty: total(({ row }) => row.status === 'succeeded' && row.resultCount === 0),
        isolateHits: total(({ cache }) => cache === 'isolate'),
        kvHits: total(({ cache }) => cache === 'kv'),
        kvMisses: total(({ cache }) => cache === 'kv_missed'),
        kvFailures: total(({ cache }) => cache === 'kv_failed'),
        responseTimeMs: entries.reduce((sum, { row }) => sum + row.responseTimeMs, 0),
      },
    ];
  });
}
