import { FACETS, type Facet, type FacetCounts } from '../../index-object/index.types.ts';
import type { LabelNames } from '../library/library-filters.ts';

/** Values shown of one facet. */
const MAX_VALUES = 20;

export type FacetValue = { value: string; name?: string; count: number };
export type SearchFacets = Partial<Record<Facet, FacetValue[]>>;

/** Counts by what people call their tags and collections; of those that are gone since, nothing is said. */
export function namedFacets(counted: Partial<Record<Facet, FacetCounts>>, names: LabelNames): SearchFacets {
  const named: SearchFacets = {};
  for (const facet of FACETS) {
    const counts = counted[facet];
    if (counts !== undefined) named[facet] = counts.flatMap(nameBy(facet, names)).slice(0, MAX_VALUES);
  }
  return named;
}

function nameBy(facet: Facet, { tags, collections }: LabelNames) {
  return ({ value, count }: FacetCounts[number]): FacetValue[] => {
    if (facet === 'tag') return of(tags.get(value), (name) => ({ value: name, count }));
    const id = value.slice(value.indexOf(':') + 1);
    if (facet === 'collection') return of(collections.get(value), (name) => ({ value: id, name, count }));
    return [{ value, count }];
  };
}

const of = (name: string | undefined, present: (name: string) => FacetValue): FacetValue[] =>
  name === undefined ? [] : [present(name)];
