/**
 * Filters as trees of conditions on the fields of something: what they are once they have been read, and what they mean.
 * A field has any number of values. A condition holds when one of them meets it, and `not` where its part does not hold:
 * so what has no value at all is not equal to anything.
 */
export type FilterValue = string | number | boolean;

export type FilterLeaf =
  | { field: string; is: 'in'; values: FilterValue[] }
  | { field: string; is: FilterOrder; value: string | number }
  | { field: string; is: 'there' };

/** Compared with values of the same type only: numbers by size, texts by the code points of their characters. */
export type FilterOrder = 'above' | 'from' | 'below' | 'to';

export type FilterTree = { all: FilterTree[] } | { any: FilterTree[] } | { not: FilterTree } | FilterLeaf;

/** The values of a field, none where it has none. */
export type ValuesOf = (field: string) => readonly FilterValue[];

/** Whether something is let through. */
export function passes(tree: FilterTree, valuesOf: ValuesOf): boolean {
  if ('all' in tree) return tree.all.every((part) => passes(part, valuesOf));
  if ('any' in tree) return tree.any.some((part) => passes(part, valuesOf));
  if ('not' in tree) return !passes(tree.not, valuesOf);
  return valuesOf(tree.field).some((value) => meets(value, tree));
}

/** Every condition of a tree. */
export function leavesOf(tree: FilterTree): FilterLeaf[] {
  if ('all' in tree) return tree.all.flatMap(leavesOf);
  if ('any' in tree) return tree.any.flatMap(leavesOf);
  return 'not' in tree ? leavesOf(tree.not) : [tree];
}

/** The tree with other conditions, or trees, in the place of its own. */
export function mapLeaves(tree: FilterTree, change: (leaf: FilterLeaf) => FilterTree): FilterTree {
  if ('all' in tree) return { all: tree.all.map((part) => mapLeaves(part, change)) };
  if ('any' in tree) return { any: tree.any.map((part) => mapLeaves(part, change)) };
  return 'not' in tree ? { not: mapLeaves(tree.not, change) } : change(tree);
}

function meets(value: FilterValue, leaf: FilterLeaf): boolean {
  if (leaf.is === 'there') return true;
  if (leaf.is === 'in') return leaf.values.includes(value);
  const order = compare(value, leaf.value);
  if (order === undefined) return false;
  if (leaf.is === 'above') return order > 0;
  if (leaf.is === 'below') return order < 0;
  return leaf.is === 'from' ? order >= 0 : order <= 0;
}

/** Undefined for values of different types. */
function compare(a: FilterValue, b: string | number): number | undefined {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return typeof a === 'string' && typeof b === 'string' ? compareTexts(a, b) : undefined;
}

function compareTexts(a: string, b: string): number {
  const others = b[Symbol.iterator]();
  for (const character of a) {
    const other = others.next();
    if (other.done) return 1;
    const order = (character.codePointAt(0) ?? 0) - (other.value.codePointAt(0) ?? 0);
    if (order !== 0) return order;
  }
  return others.next().done ? 0 : -1;
}
