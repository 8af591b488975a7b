import type { FilterLeaf, FilterOrder, FilterTree, FilterValue } from '../shared/filter-tree.ts';

/**
 * A condition on rows of `documents`. What callers have written stands in its parameters only: the text is made of the
 * words in this file.
 */
export type CompiledFilter = {
  /** With one parameter. */
  sql: string;
  /** JSON: an array, whose elements the condition takes by their place. */
  parameter: string;
};

/** Fields that are columns. Those that may be null are asked for that first: what is unknown must not make NOT unknown. */
const COLUMNS: Record<string, string> = {
  documentId: 'document_id',
  kind: 'kind',
  profile: 'profile',
  language: 'language',
  createdAt: 'created_at',
  updatedAt: 'updated_at',
  sizeBytes: 'size_bytes',
};

/** Fields whose values are labels. */
const LABELS = new Set(['tag', 'collection']);

const OPERATORS: Record<FilterOrder, string> = { above: '>', from: '>=', below: '<', to: '<=' };

/** How the types of values are spelled in `attributes`. */
export const TYPE_CODES = { string: 's', number: 'n', boolean: 'b' } as const;

type TypeName = keyof typeof TYPE_CODES;

/** Any field that is neither a column nor made of labels is an attribute of that name. */
export function compileFilter(tree: FilterTree): CompiledFilter {
  const parameters: unknown[] = [];

  /** SQLite reads an element as what it is in JSON. */
  const place = (value: unknown): string => `'$[${parameters.push(value) - 1}]'`;
  const scalar = (value: unknown): string => `(?1 ->> ${place(value)})`;
  const list = (values: FilterValue[]): string => `(SELECT value FROM json_each(?1, ${place(values.map(stored))}))`;

  function ofColumn(column: string, leaf: FilterLeaf): string {
    if (leaf.is === 'there') return `${column} IS NOT NULL`;
    const test = leaf.is === 'in' ? `IN ${list(leaf.values)}` : `${OPERATORS[leaf.is]} ${scalar(leaf.value)}`;
    return `(${column} IS NOT NULL AND ${column} ${test})`;
  }

  function ofLabels(leaf: FilterLeaf): string {
    if (leaf.is !== 'in') throw new Error(`Labels have no order: ${leaf.is}`);
    return `number IN (SELECT document FROM labels WHERE label IN ${list(leaf.values)})`;
  }

  function ofAttribute(leaf: FilterLeaf): string {
    const having = (tests: string) =>
      `number IN (SELECT document FROM attributes WHERE name = ${scalar(leaf.field)} AND ${tests})`;
    if (leaf.is === 'there') return having('true');
    if (leaf.is !== 'in') {
      return having(`type = ${typeOf(leaf.value)} AND value ${OPERATORS[leaf.is]} ${scalar(leaf.value)}`);
    }
    const byType = Map.groupBy(leaf.values, typeOf);
    const tests = [...byType].map(([type, values]) => having(`type = ${type} AND value IN ${list(values)}`));
    return either(tests);
  }

  function compile(part: FilterTree): string {
    if ('all' in part) return part.all.length === 0 ? 'true' : `(${part.all.map(compile).join(' AND ')})`;
    if ('any' in part) return either(part.any.map(compile));
    if ('not' in part) return `NOT (${compile(part.not)})`;
    const column = Object.hasOwn(COLUMNS, part.field) ? COLUMNS[part.field] : undefined;
    if (column !== undefined) return ofColumn(column, part);
    return LABELS.has(part.field) ? ofLabels(part) : ofAttribute(part);
  }

  const sql = compile(tree);
  return { sql, parameter: JSON.stringify(parameters) };
}

const either = (tests: string[]): string => (tests.length === 0 ? 'false' : `(${tests.join(' OR ')})`);

/** SQLite has numbers for what is true and false. */
export const stored = (value: FilterValue): string | number => (typeof value === 'boolean' ? Number(value) : value);

/** A constant of this file, as SQL spells it. */
const typeOf = (value: FilterValue): string => `'${TYPE_CODES[nameOf(value)]}'`;

function nameOf(value: FilterValue): TypeName {
  if (typeof value === 'string') return 'string';
  return typeof value === 'number' ? 'number' : 'boolean';
}

/** The type of an attribute's value, as it is stored. */
export const typeCodeOf = (value: FilterValue): string => TYPE_CODES[nameOf(value)];
