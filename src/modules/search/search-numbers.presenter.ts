import type { z } from '@hono/zod-openapi';
import { isoTime } from '../../shared/time.ts';
import type { cacheNumbersSchema, searchNumbersSchema } from './search-numbers.schemas.ts';
import type { SearchNumbersService } from './search-numbers.service.ts';

type Numbers<K extends keyof SearchNumbersService> = Awaited<ReturnType<SearchNumbersService[K]>>;

const DAY_MS = 24 * 60 * 60 * 1000;

export const presentSearchNumbers = ({ days, popular }: Numbers<'searches'>): z.output<typeof searchNumbersSchema> => ({
  items: days.map(({ day, queryType, searches, failures, empty, isolateHits, kvHits, responseTimeMs }) => ({
    day: isoTime(day * DAY_MS).slice(0, 10),
    type: queryType,
    searches,
    failures,
    empty,
    cacheHits: isolateHits + kvHits,
    averageTimeMs: responseTimeMs / searches,
  })),
  popular,
});

export const presentCacheNumbers = ({ hits, ...numbers }: Numbers<'cache'>): z.output<typeof cacheNumbersSchema> => ({
  isEnabled: numbers.isEnabled,
  searches: numbers.searches,
  hitRate: rateOf(hits, numbers.searches),
  categories: numbers.categories.map((category) => ({
    ...category,
    hitRate: rateOf(category.hits, category.hits + category.misses + category.failures),
  })),
});

const rateOf = (hits: number, asked: number): number | null => (asked === 0 ? null : hits / asked);
