import type { SearchFilter } from '../../index-object/index.types.ts';
import type { Clause, FilterClause, FilterName } from '../../index-object/query-language.ts';

/** Tags that a query names. */
export type NamedTags = { tagGroups: string[][]; withoutTags: string[] };

const COLUMNS = { kind: 'kinds', profile: 'profiles', language: 'languages' } as const;

/** The tags of `tag:name` and `-tag:name`. */
export function tagsIn(clauses: Clause[]): NamedTags {
  return { tagGroups: wantedBy(clauses, 'tag'), withoutTags: unwantedBy(clauses, 'tag') };
}

/** What the query filters by, besides what the request's own fields do: a document must pass both. */
export function withFiltersIn(clauses: Clause[], filter: SearchFilter, withoutLabels: string[]): SearchFilter {
  const result: SearchFilter = { ...filter };
  const without: NonNullable<SearchFilter['without']> = {};
  for (const name of ['kind', 'profile', 'language'] as const) {
    const column = COLUMNS[name];
    for (const values of wantedBy(clauses, name)) {
      const before = result[column];
      result[column] = before === undefined ? values : before.filter((value) => values.includes(value));
    }
    const unwanted = unwantedBy(clauses, name);
    if (unwanted.length > 0) without[column] = unwanted;
  }
  if (withoutLabels.length > 0) without.labels = withoutLabels;
  if (Object.keys(without).length > 0) result.without = without;
  for (const clause of clauses) {
    if (clause.type === 'after') result.createdFrom = Math.max(clause.time, result.createdFrom ?? clause.time);
    if (clause.type === 'before') result.createdTo = Math.min(clause.time - 1, result.createdTo ?? clause.time);
  }
  return result;
}

function named(clauses: Clause[], name: FilterName): FilterClause[] {
  return clauses.filter((clause) => clause.type === 'filter').filter((clause) => clause.name === name);
}

const wantedBy = (clauses: Clause[], name: FilterName): string[][] =>
  named(clauses, name).flatMap(({ excluded, any }) => (excluded ? [] : [any]));

const unwantedBy = (clauses: Clause[], name: FilterName): string[] =>
  named(clauses, name).flatMap(({ excluded, any }) => (excluded ? any : []));
