import { sql } from 'drizzle-orm';
import type { Database, Statement } from '../../db/client.ts';
import { createRepository, type NewRow } from '../../db/repository.ts';
import { integer, requireThat } from '../../db/sql.ts';
import type { Page, PageRequest } from '../../shared/page.ts';
import { tooManySaved } from './history.errors.ts';
import { type SavedSearch, savedSearches } from './search.table.ts';

export type { SavedSearch } from './search.table.ts';

type Change = { id: string; expectedVersion?: number | undefined };
type Columns = Partial<Pick<SavedSearch, 'name' | 'nameKey' | 'request' | 'requestVersion'>>;

/** What one owner may keep. */
const MAX_SAVED = 500;

/** Rows of `saved_searches`. */
export function createSavedSearchesRepository(database: Database) {
  const rows = createRepository(database, savedSearches);

  return {
    find: (ownerId: string, id: string): Promise<SavedSearch | undefined> => rows.find(ownerId, id),
    select: (ownerId: string, id: string): Statement<SavedSearch[]> => rows.select(ownerId, id),

    list: (ownerId: string, { sort, ...page }: PageRequest): Promise<Page<SavedSearch>> =>
      rows.list(ownerId, { ...page, sort: sort === 'name' ? 'nameKey' : sort }),

    insert: (row: NewRow<typeof savedSearches>): Statement[] => [
      requireThat(database, {
        condition: sql`(select count(*) from saved_searches where owner_id = ${row.ownerId}) < ${integer(MAX_SAVED)}`,
        refusal: () => tooManySaved(MAX_SAVED),
      }),
      rows.insert(row),
    ],

    update: (ownerId: string, { changes, ...change }: Change & { changes: Columns; now: number }): Statement[] => [
      ...rows.requireRow(ownerId, { ...change, what: 'saved search' }),
      rows.update(ownerId, { ...change, changes }),
    ],

    remove: (ownerId: string, change: Change): Statement[] => [
      ...rows.requireRow(ownerId, { ...change, what: 'saved search' }),
      rows.remove(ownerId, [change.id]),
    ],
  };
}
