import type { Config } from '../../config.ts';
import type { Database } from '../../db/client.ts';
import type { Clock } from '../../platform/clock.ts';
import { createHistoryRepository } from './history.repository.ts';
import type { SearchDay } from './search.repository.ts';

type Deps = { database: Database; clock: Clock; config: Pick<Config, 'ADMINS_SEE_QUERIES' | 'SEARCH_CACHE'> };
type Period = { from?: number | undefined; to?: number | undefined };

const DAY_MS = 24 * 60 * 60 * 1000;
const USUAL_PERIOD_MS = 30 * DAY_MS;
const MOST_LOOKED_AT = 5_000;
const POPULAR = 50;

/** What administrators see of searches: how many and how fast, and what was asked only where a setting allows it. */
export function createSearchNumbersService({ database, clock, config }: Deps) {
  const repository = createHistoryRepository(database);

  const spanOf = ({ from, to = clock.now() }: Period) => ({ from: from ?? to - USUAL_PERIOD_MS, to });
  const daysIn = (period: Period) => {
    const { from, to } = spanOf(period);
    return repository.days({ from: Math.floor(from / DAY_MS), to: Math.floor(to / DAY_MS) });
  };

  return {
    async searches(period: Period) {
      const [days, popular] = await Promise.all([
        daysIn(period),
        config.ADMINS_SEE_QUERIES
          ? repository.popularOfAll({ ...spanOf(period), most: MOST_LOOKED_AT, limit: POPULAR })
          : null,
      ]);
      return { days, popular };
    },

    /** How often an answer was known, by where. */
    async cache(period: Period) {
      const days = await daysIn(period);
      const total = (of: (day: SearchDay) => number) => days.reduce((sum, day) => sum + of(day), 0);
      const isolate = total(({ isolateHits }) => isolateHits);
      const kv = total(({ kvHits }) => kvHits);
      const searches = total((day) => day.searches - day.failures);
      return {
        isEnabled: config.SEARCH_CACHE,
        searches,
        hits: isolate + kv,
        categories: [
          { category: 'isolate' as const, hits: isolate, misses: searches - isolate, failures: 0 },
          {
            category: 'kv' as const,
            hits: kv,
            misses: total(({ kvMisses }) => kvMisses),
            failures: total(({ kvFailures }) => kvFailures),
          },
        ],
      };
    },
  };
}

export type SearchNumbersService = ReturnType<typeof createSearchNumbersService>;
