import type { Clause } from '../../index-object/query-language.ts';
import type { FilterTree } from '../../shared/filter-tree.ts';

/** Every filter that stands in a query: they mean the same as the parameters of their names. */
export function filtersIn(clauses: Clause[]): FilterTree[] {
  return clauses.flatMap((clause): FilterTree[] => {
    if (clause.type === 'text') return [];
    if (clause.type === 'filter') {
      const among: FilterTree = { field: clause.name, is: 'in', values: clause.any };
      return [clause.excluded ? { not: among } : among];
    }
    const isFrom = clause.type === 'after';
    return [{ field: 'createdAt', is: isFrom ? 'from' : 'to', value: isFrom ? clause.time : clause.time - 1 }];
  });
}
