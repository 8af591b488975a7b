import type { z } from 'zod';
import type { Database, Statement } from '../../db/client.ts';
import { isUniqueViolation } from '../../db/sql.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Ids } from '../../platform/ids.ts';
import type { Actor } from '../../shared/actor.ts';
import { notFound } from '../../shared/app-error.ts';
import { fieldErrorsOf } from '../../shared/field-errors.ts';
import type { Page, PageRequest } from '../../shared/page.ts';
import type { AuditService } from '../audit/audit.service.ts';
import type { LibraryFilters } from '../library/library-filters.ts';
import { savedNameTaken, savedSearchOutdated } from './history.errors.ts';
import { textKeyOf } from './query-text.ts';
import { createSavedSearchesRepository, type SavedSearch } from './saved-searches.repository.ts';
import { searchBody } from './search.schemas.ts';
import type { SearchOutcome, SearchService } from './search.service.ts';
import { toSearch, treeOf } from './search-filters.ts';

type Deps = {
  database: Database;
  clock: Clock;
  ids: Ids;
  audit: Pick<AuditService, 'making'>;
  search: () => Pick<SearchService, 'search'>;
  libraryFilters: () => Pick<LibraryFilters, 'requireTheirs'>;
};

/** The body of a search, as validated. */
export type SearchBody = z.output<typeof searchBody>;

type Versioned = { id: string; expectedVersion?: number | undefined };
type Running = { id: string; limit?: number | undefined; cursor?: string | undefined };

/** Of the form of {@link searchBody}; to be raised when something that was valid is no longer, or means something else. */
const SEARCH_VERSION = 1;
const ROWS_PER_PAGE = 200;

/** Searches that people keep by name, to be run again. */
export function createSavedSearchesService({ database, clock, ids, audit, search, libraryFilters }: Deps) {
  const repository = createSavedSearchesRepository(database);

  const commitOne = async (statements: Statement[], { ownerId, id }: { ownerId: string; id: string }) => {
    try {
      const [saved] = await database.commitAndRead(statements, repository.select(ownerId, id));
      if (!saved) throw notFound('saved search');
      return saved;
    } catch (error) {
      throw isUniqueViolation(error, 'saved_searches.name_key') ? savedNameTaken() : error;
    }
  };

  const get = async (actor: Actor, id: string): Promise<SavedSearch> => {
    const saved = await repository.find(actor.userId, id);
    if (!saved) throw notFound('saved search');
    return saved;
  };

  const list = (actor: Actor, page: PageRequest): Promise<Page<SavedSearch>> => repository.list(actor.userId, page);

  return {
    get,
    list,

    async create(actor: Actor, { name, search: body }: { name: string; search: SearchBody }): Promise<SavedSearch> {
      const id = ids.next();
      const ownerId = actor.userId;
      await libraryFilters().requireTheirs(ownerId, treeOf(toSearch(body)));
      audit.making({ type: 'saved_search', id });
      const times = { createdAt: clock.now(), updatedAt: clock.now() };
      return commitOne(repository.insert({ id, ownerId, ...named(name), ...kept(body), ...times }), { ownerId, id });
    },

    async change(
      actor: Actor,
      {
        id,
        expectedVersion,
        name,
        search: body,
      }: Versioned & { name?: string | undefined; search?: SearchBody | undefined },
    ): Promise<SavedSearch> {
      const ownerId = actor.userId;
      if (body) await libraryFilters().requireTheirs(ownerId, treeOf(toSearch(body)));
      const changes = { ...(name !== undefined && named(name)), ...(body !== undefined && kept(body)) };
      return commitOne(repository.update(ownerId, { id, expectedVersion, changes, now: clock.now() }), { ownerId, id });
    },

    async remove(actor: Actor, { id, expectedVersion }: Versioned): Promise<void> {
      await database.commit(repository.remove(actor.userId, { id, expectedVersion }));
    },

    /** @throws AppError `saved_search_outdated` when searches have taken another form since. */
    async run(actor: Actor, { id, limit, cursor }: Running): Promise<SearchOutcome> {
      const saved = await get(actor, id);
      const parsed = searchBody.safeParse({ ...saved.request, ...(limit !== undefined && { limit }) });
      if (!parsed.success) throw savedSearchOutdated(fieldErrorsOf(parsed.error));
      const { explain: _, ...asked } = parsed.data;
      return search().search(actor, toSearch({ ...asked, cursor }));
    },

    /** Everything, page by page. */
    async *pages(actor: Actor): AsyncGenerator<SavedSearch[]> {
      for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
        const page = await list(actor, { limit: ROWS_PER_PAGE, cursor, sort: 'createdAt', order: 'asc' });
        yield page.items;
        cursor = page.nextCursor ?? undefined;
      }
    },
  };
}

export type SavedSearchesService = ReturnType<typeof createSavedSearchesService>;

const named = (name: string) => ({ name, nameKey: textKeyOf(name) });

/** As it was written, but for a cursor, which is a place in one answer and no part of a search. */
const kept = ({ cursor: _, filter, ...body }: SearchBody) => ({
  request: JSON.parse(JSON.stringify({ ...body, filter: filter?.written })),
  requestVersion: SEARCH_VERSION,
});
