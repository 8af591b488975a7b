import type { Database } from '../../db/client.ts';
import { createQueriesRepository, type QueryResult, type QueryRow } from './search.repository.ts';

const PAGE_SIZE = 500;

export type ExportedQuery = QueryRow & { results: QueryResult[] };

/** What an owner has asked. */
export function createQueryHistory({ database }: { database: Database }) {
  const repository = createQueriesRepository(database);

  return {
    /** Everything, oldest first, page by page. */
    async *pages(ownerId: string): AsyncGenerator<ExportedQuery[]> {
      for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
        const page = await repository.page(ownerId, { limit: PAGE_SIZE, cursor });
        const ids = page.items.map(({ id }) => id);
        const results = ids.length === 0 ? [] : await repository.resultsOf(ownerId, ids);
        const byQuery = Map.groupBy(results, ({ queryId }) => queryId);
        yield page.items.map((query) => ({ ...query, results: byQuery.get(query.id) ?? [] }));
        cursor = page.nextCursor ?? undefined;
      }
    },
  };
}

export type QueryHistory = ReturnType<typeof createQueryHistory>;
