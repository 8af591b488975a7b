import type { FieldError } from './app-error.ts';
import type { FilterLeaf, FilterOrder, FilterTree, FilterValue } from './filter-tree.ts';

/**
 * The language of filters: `{"kind": "pdf", "sizeBytes": {"$gte": 1000}, "$or": [{…}, {…}]}`. Fields and operators that
 * stand beside each other must all hold.
 */
export const MAX_FILTER_DEPTH = 5;
export const MAX_FILTER_CONDITIONS = 50;
/** In all of a filter's lists together. */
export const MAX_FILTER_VALUES = 500;
export const MAX_FILTER_TEXT = 500;
const MAX_FIELD_CHARACTERS = 200;

/** What one field takes. */
export type FieldRule = {
  /** The value as it is compared, or undefined for one that the field cannot have. */
  read(value: FilterValue): FilterValue | undefined;
  /** Says so: `It must be …`. */
  expects: string;
  /** Whether `$gt`, `$gte`, `$lt` and `$lte` mean something. */
  isOrdered: boolean;
  /** Whether `$exists` does. */
  isOptional: boolean;
};

/** Undefined for a field that there is not. */
export type FieldRules = (field: string) => FieldRule | undefined;

export type FilterReading = { ok: true; tree: FilterTree } | { ok: false; error: FieldError };

const ORDERS: Record<string, FilterOrder> = { $gt: 'above', $gte: 'from', $lt: 'below', $lte: 'to' };

/** Why a filter cannot be read, and where. */
class FilterError extends Error {
  readonly path: readonly string[];
  constructor(path: readonly string[], message: string) {
    super(message);
    this.path = path;
  }
}

type Place = { path: readonly string[]; depth: number };

/** Reads a filter as somebody has written it: anything may come in. */
export function readFilter(input: unknown, rules: FieldRules): FilterReading {
  try {
    return { ok: true, tree: createReader(rules)(input, { path: [], depth: 1 }) };
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    return { ok: false, error: { path: error.path.join('.'), message: error.message } };
  }
}

function createReader(rules: FieldRules) {
  let conditions = 0;
  let values = 0;

  function countCondition(path: readonly string[]): void {
    conditions += 1;
    if (conditions > MAX_FILTER_CONDITIONS)
      throw new FilterError(path, `There are more than ${MAX_FILTER_CONDITIONS} conditions.`);
  }

  function readValue(input: unknown, { rule, path }: { rule: FieldRule; path: readonly string[] }): FilterValue {
    values += 1;
    if (values > MAX_FILTER_VALUES) throw new FilterError(path, `There are more than ${MAX_FILTER_VALUES} values.`);
    const value = typeof input === 'string' ? readText(input, path) : input;
    const read = isValue(value) ? rule.read(value) : undefined;
    if (read === undefined) throw new FilterError(path, rule.expects);
    return read;
  }

  function readList(input: unknown, { rule, path }: { rule: FieldRule; path: readonly string[] }): FilterValue[] {
    if (!Array.isArray(input) || input.length === 0)
      throw new FilterError(path, 'It must be a list of one value or more.');
    return input.map((value, index) => readValue(value, { rule, path: [...path, String(index)] }));
  }

  function readOrder(is: FilterOrder, { input, ...at }: Condition & { input: unknown }): FilterLeaf {
    if (!at.rule.isOrdered) throw new FilterError(at.path, 'The values of this field have no order.');
    const value = readValue(input, at);
    if (typeof value === 'boolean') throw new FilterError(at.path, 'It must be a number or a text.');
    return { field: at.field, is, value };
  }

  /** One operator on one field. */
  function readCondition(operator: string, { input, ...at }: Condition & { input: unknown }): FilterTree {
    countCondition(at.path);
    const { field, path } = at;
    const equal = (): FilterLeaf => ({ field, is: 'in', values: [readValue(input, at)] });
    const among = (): FilterLeaf => ({ field, is: 'in', values: readList(input, at) });
    if (operator === '$eq') return equal();
    if (operator === '$ne') return { not: equal() };
    if (operator === '$in') return among();
    if (operator === '$nin') return { not: among() };
    if (operator === '$exists') return readExists(input, at);
    const order = Object.hasOwn(ORDERS, operator) ? ORDERS[operator] : undefined;
    if (order !== undefined) return readOrder(order, { input, ...at });
    throw new FilterError(path, 'There is no such operator: use $eq, $ne, $in, $nin, $gt, $gte, $lt, $lte or $exists.');
  }

  function readField(name: string, { input, path }: { input: unknown; path: readonly string[] }): FilterTree {
    if (name.length > MAX_FIELD_CHARACTERS)
      throw new FilterError(path, `The name of a field has at most ${MAX_FIELD_CHARACTERS} characters.`);
    const field = tidy(name);
    const rule = rules(field);
    if (rule === undefined) throw new FilterError(path, 'There is no such field to filter by.');
    if (!isObject(input)) return readCondition('$eq', { field, rule, path, input });
    const operators = Object.entries(input);
    if (operators.length === 0) throw new FilterError(path, 'It needs an operator.');
    return together(
      operators.map(([operator, value]) =>
        readCondition(operator, { field, rule, path: [...path, clipped(operator)], input: value }),
      ),
    );
  }

  function readParts(input: unknown, { path, depth }: Place): FilterTree[] {
    if (!Array.isArray(input) || input.length === 0)
      throw new FilterError(path, 'It must be a list of one filter or more.');
    if (input.length > MAX_FILTER_CONDITIONS)
      throw new FilterError(path, `There are more than ${MAX_FILTER_CONDITIONS} conditions.`);
    return input.map((part, index) => readTree(part, { path: [...path, String(index)], depth: depth + 1 }));
  }

  function readEntry(name: string, { input, path, depth }: Place & { input: unknown }): FilterTree {
    const inside = [...path, clipped(name)];
    if (name === '$and') return together(readParts(input, { path: inside, depth }));
    if (name === '$or') return { any: readParts(input, { path: inside, depth }) };
    if (name === '$not') return { not: readTree(input, { path: inside, depth: depth + 1 }) };
    if (name.startsWith('$'))
      throw new FilterError(inside, 'There is no such operator: use $and, $or or $not, or the name of a field.');
    return readField(name, { input, path: inside });
  }

  function readTree(input: unknown, { path, depth }: Place): FilterTree {
    if (depth > MAX_FILTER_DEPTH)
      throw new FilterError(path, `It is nested more than ${MAX_FILTER_DEPTH} levels deep.`);
    if (!isObject(input)) throw new FilterError(path, 'It must be an object of fields and operators.');
    const entries = Object.entries(input);
    if (entries.length === 0 && depth > 1) throw new FilterError(path, 'It needs a field or an operator.');
    return together(entries.map(([name, value]) => readEntry(name, { input: value, path, depth })));
  }

  return readTree;
}

type Condition = { field: string; rule: FieldRule; path: readonly string[] };

function readExists(input: unknown, { field, rule, path }: Condition): FilterTree {
  if (!rule.isOptional) throw new FilterError(path, 'This field cannot be asked whether it is there.');
  if (typeof input !== 'boolean') throw new FilterError(path, 'It must be true or false.');
  const there: FilterLeaf = { field, is: 'there' };
  return input ? there : { not: there };
}

function readText(input: string, path: readonly string[]): string {
  if (input.length > MAX_FILTER_TEXT)
    throw new FilterError(path, `A text has at most ${MAX_FILTER_TEXT} characters here.`);
  return tidy(input);
}

/** Text as databases take it: no halves of characters, nothing that ends it early. */
export const tidy = (text: string): string => text.toWellFormed().replaceAll('\0', ' ');

const together = (parts: FilterTree[]): FilterTree => (parts.length === 1 && parts[0] ? parts[0] : { all: parts });

const isObject = (input: unknown): input is Record<string, unknown> =>
  typeof input === 'object' && input !== null && !Array.isArray(input);

const isValue = (input: unknown): input is FilterValue =>
  typeof input === 'string' || typeof input === 'boolean' || (typeof input === 'number' && Number.isFinite(input));

/** What somebody wrote, short enough to be shown in an error. */
const clipped = (name: string): string => tidy(name.slice(0, 60));
