import type { Dice } from './dice.ts';
import { type JsonSchema, matches, type NamedSchemas, resolveSchema, typesOf } from './json-schema.ts';

/** Values that the world knows better than the schema: ids of things that there are, names that are free. */
export type Known = (name: string, schema: JsonSchema) => unknown;

export type Making = { dice: Dice; named: NamedSchemas; known: Known };

const WORDS = [
  'notice',
  'period',
  'Größe',
  'naïve',
  '図書館',
  'مكتبة',
  'e\u0301tude',
  '👩‍👩‍👧',
  'x',
  '0',
  'O’Neil',
  'a-b_c.d',
];

/** A value that the schema allows. */
export function validValue(given: JsonSchema, making: Making, name = ''): unknown {
  const { dice, named, known } = making;
  const schema = resolveSchema(given, named);
  const chosen = known(name, schema);
  if (chosen !== undefined) return chosen;
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return dice.pick(schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return validValue(dice.pick(choices), making, name);
  const type = typesOf(schema).find((each) => each !== 'null');
  if (typesOf(schema).includes('null') && dice.chance(0.2)) return null;
  switch (type) {
    case 'object':
      return validObject(schema, making);
    case 'array': {
      const size = dice.integer(schema.minItems ?? 0, Math.min(schema.maxItems ?? 3, (schema.minItems ?? 0) + 3));
      return Array.from({ length: size }, () => validValue(schema.items ?? {}, making, name));
    }
    case 'integer':
    case 'number':
      return validNumber(schema, { dice, isWhole: type === 'integer' });
    case 'boolean':
      return dice.chance(0.5);
    case 'string':
      return validText(schema, dice);
    default:
      return schema.example ?? null;
  }
}

function validObject({ properties = {}, required = [] }: JsonSchema, making: Making): Record<string, unknown> {
  const names = Object.keys(properties).filter((name) => required.includes(name) || making.dice.chance(0.5));
  // An empty change is refused almost everywhere.
  const first = Object.keys(properties).slice(0, 1);
  const taken = names.length > 0 ? names : first;
  return Object.fromEntries(taken.map((name) => [name, validValue(properties[name] ?? {}, making, name)]));
}

function validNumber(schema: JsonSchema, { dice, isWhole }: { dice: Dice; isWhole: boolean }): number {
  const step = isWhole ? 1 : 0.5;
  const low = schema.minimum ?? (schema.exclusiveMinimum === undefined ? 0 : schema.exclusiveMinimum + step);
  const high = Math.min(schema.maximum ?? (schema.exclusiveMaximum ?? 1001) - step, low + 1000);
  return isWhole ? dice.integer(low, high) : low + dice.next() * (high - low);
}

const DAY_MS = 86_400_000;

function validText(schema: JsonSchema, dice: Dice): string {
  const { minLength = 0, maxLength = 60, pattern } = schema;
  if (schema.format === 'uuid') return madeUpId(dice);
  if (schema.format === 'date-time') return new Date(dice.integer(0, 40_000) * DAY_MS).toISOString();
  if (schema.format === 'email') return `${suffix(dice)}@example.com`;
  if (typeof schema.example === 'string' && dice.chance(0.3)) return schema.example;
  const words = Array.from({ length: dice.integer(1, 4) }, () => dice.pick(WORDS)).join(' ');
  const text = `${words} ${suffix(dice)}`.slice(0, maxLength).padEnd(minLength, 'x');
  if (pattern === undefined || matches(pattern, text)) return text;
  const plain = suffix(dice);
  return matches(pattern, plain) || typeof schema.example !== 'string' ? plain : schema.example;
}

/** Eight letters and digits that nobody else has. */
export const suffix = (dice: Dice): string => dice.integer(36 ** 7, 36 ** 8 - 1).toString(36);

/** A well-formed id of nothing. */
export function madeUpId(dice: Dice): string {
  const hex = Array.from({ length: 32 }, () => dice.integer(0, 15).toString(16)).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

const HUGE_CHARACTERS = 200_000;
const DEEP_LEVELS = 5_000;

/** Texts that have broken programs. */
export const HOSTILE_TEXTS: readonly string[] = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\u001b[31m',
  '\r\nSet-Cookie: a=b',
  '\ud800',
  '\udfff!',
  '\ufeff\ufffe\uffff',
  '\u202eevil\u2066',
  'e\u0301',
  '\u00e9',
  'Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢',
  '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}',
  'ﷺ'.repeat(50),
  '١٢٣',
  'ſtraße ﬁ İı',
  "' or 1=1 --",
  '"; drop table users; --',
  '%',
  '_%\\',
  '*',
  '(',
  '"',
  '"unclosed phrase',
  'a AND (b OR NOT c) NEAR/3 d^2 col:x',
  '-"x" +y {z}',
  '$.a[0]',
  '$..*',
  '{{7*7}}#{7*7}',
  '<script>alert(1)</script>',
  '../../etc/passwd',
  '..\\..\\x',
  'file:///etc/passwd',
  'http://169.254.169.254/',
  '__proto__',
  'constructor',
  'NaN',
  'null',
  'true',
  '1e309',
  '-0',
  '0x10',
  '1_000',
  '9007199254740993',
  '2026-02-30T00:00:00Z',
  '+275760-09-13T00:00:00.001Z',
  '0000-00-00T00:00:00Z',
  '2026-01-01T00:00:00+23:59',
  'x'.repeat(300),
  'x'.repeat(5_001),
  '*'.repeat(1_000),
  '('.repeat(900),
  '"'.repeat(999),
  '\u0301'.repeat(1_000),
  'é'.normalize('NFD').repeat(500),
  '𝕏'.repeat(500),
  'x'.repeat(HUGE_CHARACTERS),
];

const WRONG_TYPES: readonly unknown[] = [null, true, 0, -1, 1.5, 1e308, 'text', [], [[]], [null], {}, { a: { b: 1 } }];

/** Values at and just beyond the edges that the schema names. */
export function boundaryValues(given: JsonSchema, making: Making, name = ''): unknown[] {
  const schema = resolveSchema(given, making.named);
  const inner = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap((choice) =>
    boundaryValues(choice, making, name),
  );
  const own = typesOf(schema).flatMap((type): unknown[] => {
    if (type === 'string') return textEdges(schema);
    if (type === 'integer' || type === 'number') return numberEdges(schema);
    if (type === 'array') return arrayEdges(schema, making, name);
    return type === 'object' ? [{}] : [];
  });
  return [...inner, ...own];
}

const MAX_EDGE_CHARACTERS = 100_000;

function textEdges({ minLength, maxLength, format, pattern }: JsonSchema): string[] {
  if (format !== undefined || pattern !== undefined) return [''];
  const lengths = [minLength, minLength === undefined ? undefined : minLength - 1, maxLength, (maxLength ?? 0) + 1];
  const usable = lengths.filter((length) => length !== undefined && length >= 0 && length <= MAX_EDGE_CHARACTERS);
  return usable.flatMap((length = 0) => ['y'.repeat(length), '😀'.repeat(length >> 1) + 'y'.repeat(length & 1)]);
}

function numberEdges({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonSchema): number[] {
  const edges = [minimum, maximum, exclusiveMinimum, exclusiveMaximum].filter((edge) => edge !== undefined);
  const around = edges.flatMap((edge) => [edge - 1, edge, edge + 1, edge + 0.5]);
  return [...around, 0, -0, -1, 0.1, 2 ** 31, 2 ** 53, 1e308, -1e308];
}

function arrayEdges(schema: JsonSchema, making: Making, name: string): unknown[] {
  const { minItems = 0, maxItems = 1_000, items = {} } = schema;
  const one = validValue(items, making, name);
  const sized = (size: number) => Array.from({ length: Math.max(0, size) }, () => one);
  return [[], sized(minItems), sized(minItems - 1), sized(maxItems), sized(maxItems + 1), [null], [one, [one]]];
}

/** Values of the wrong type, or nasty ones of the right type. */
export const hostileValues = (): unknown[] => [...WRONG_TYPES, ...HOSTILE_TEXTS];

/** JSON that is nested deeper than a careless walk can bear. */
export const deepJson = (): string => '{"a":['.repeat(DEEP_LEVELS) + ']}'.repeat(DEEP_LEVELS);
