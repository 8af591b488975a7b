import type { Config } from '../../config.ts';
import type { Database } from '../../db/client.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Ids } from '../../platform/ids.ts';
import { lazily, once } from '../../shared/once.ts';
import type { AuditService } from '../audit/audit.service.ts';
import type { LibraryFilters } from '../library/library-filters.ts';
import { createHistoryService } from './history.service.ts';
import { createQueryHistory } from './query-history.ts';
import { createSavedSearchesService } from './saved-searches.service.ts';
import type { SearchService } from './search.service.ts';
import { createSearchNumbersService } from './search-numbers.service.ts';

type Deps = {
  database: Database;
  clock: Clock;
  ids: Ids;
  config: Config;
  audit: Pick<AuditService, 'making'>;
  search: () => SearchService;
  libraryFilters: () => LibraryFilters;
};

/** All that is kept of searches. Each part is made when it is first asked for. */
export const createQueriesService = (deps: Deps) =>
  lazily({
    history: once(() => createHistoryService(deps)),
    saved: once(() => createSavedSearchesService(deps)),
    numbers: once(() => createSearchNumbersService(deps)),
    /** For taking it along. */
    exported: once(() => createQueryHistory(deps)),
  });

export type QueriesService = ReturnType<typeof createQueriesService>;
