import type { Database } from '../../db/client.ts';
import { createQueriesRepository, type QueryRow } from './search.repository.ts';

const PAGE_SIZE = 500;

/** What an owner has asked. */
export function createQueryHistory({ database }: { database: Database }) {
  const repository = createQueriesRepository(database);

  return {
    /** Everything, oldest first, page by page. */
    async *pages(ownerId: string): AsyncGenerator<QueryRow[]> {
      for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
        const page = await repository.page(ownerId, { limit: PAGE_SIZE, cursor });
        yield page.items;
        cursor = page.nextCursor ?? undefined;
      }
    },
  };
}

export type QueryHistory = ReturnType<typeof createQueryHistory>;
