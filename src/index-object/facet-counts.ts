import { type Facets, withoutFacet } from './facets.ts';
import type { Facet, FacetCounts, SearchFilter } from './index.types.ts';
import type { Visibility } from './visibility.ts';

export type Counted = {
  facets: readonly Facet[];
  filter: SearchFilter;
  /** What the search itself has found, by generation. */
  found: ReadonlySet<number>;
  /** What else is out of bounds. */
  restrict: (allowed: Uint8Array) => Uint8Array;
  /** What the search finds where other content is allowed. */
  findAmong: (allowed: Uint8Array) => Iterable<number>;
};

/**
 * Counts the documents that a search finds by each facet, under all of its conditions but those on the facet itself.
 * Only where there are such conditions must it search once more, for all those facets together.
 */
export function createFacetCounts({ visibility, facets }: { visibility: Visibility; facets: Facets }) {
  return ({ facets: wanted, filter, found, restrict, findAmong }: Counted) => {
    const own = visibility.mask(filter);
    let rowsRead = own.rowsRead;
    const masks = wanted.map((facet): [Facet, Uint8Array] => {
      const { allowed, rowsRead: rows } = visibility.mask(withoutFacet(filter, facet));
      rowsRead += rows;
      return [facet, allowed];
    });
    const wider = [...new Set(masks.map(([, mask]) => mask).filter((mask) => mask !== own.allowed))];
    const all = wider.length === 0 ? found : found.union(new Set(findAmong(restrict(union(wider)))));
    const counts: Partial<Record<Facet, FacetCounts>> = {};
    for (const [facet, mask] of masks) {
      const generations = mask === own.allowed ? found : [...all].filter((generation) => mask[generation] === 1);
      counts[facet] = facets.count(facet, generations);
    }
    return { counts, rowsRead: rowsRead + facets.takeRowsRead() };
  };
}

function union(masks: Uint8Array[]): Uint8Array {
  const [first = new Uint8Array(0), ...others] = masks;
  if (others.length === 0) return first;
  const all = new Uint8Array(Math.max(...masks.map((mask) => mask.length)));
  for (const mask of masks) for (const [generation, allowed] of mask.entries()) all[generation] ||= allowed;
  return all;
}
