import type { Parameter, Schema } from './openapi-operations.ts';
import { sampleOf, typeOf } from './samples.ts';

const WRONG: [type: string, value: unknown][] = [
  ['object', { wrong: true }],
  ['array', [['wrong']]],
  ['string', 'wrong'],
];

const DEEP_LEVELS = 20_000;
const HOSTILE_TEXTS = [
  '',
  '\0',
  'a\0b',
  '\ud800',
  '\udfff!',
  '\u202e',
  "' or 1=1 --",
  '%',
  '*'.repeat(100),
  'x'.repeat(50_000),
];
const HOSTILE_QUERY_VALUES = [
  '',
  '%00',
  '%ED%A0%80',
  '-1',
  '1e309',
  'NaN',
  '%27%20or%201=1',
  '%22',
  '(',
  '*',
  'x'.repeat(5000),
];

/** Bodies with one property each of a type that it cannot have; the rest is right. */
export function wrongTypes(schema: Schema): { path: string; body: unknown }[] {
  const sample = sampleOf(schema);
  return Object.entries(schema.properties ?? {}).flatMap(([path, part]) => {
    const allowed = typesOf(part);
    const wrong = WRONG.find(([type]) => !allowed.includes(type));
    return allowed.length === 0 || !wrong ? [] : [{ path, body: withProperty(sample, { path, value: wrong[1] }) }];
  });
}

/** Bodies, as JSON, with one property each that holds something nasty. */
export function bodyFaults(schema: Schema): string[] {
  const sample = sampleOf(schema);
  const deep = '['.repeat(DEEP_LEVELS) + ']'.repeat(DEEP_LEVELS);
  const mark = '"a place for something deep"';
  return Object.keys(schema.properties ?? {}).flatMap((path) => [
    ...HOSTILE_TEXTS.map((value) => JSON.stringify(withProperty(sample, { path, value }))),
    JSON.stringify(withProperty(sample, { path, value: { [path]: '\0' } })),
    JSON.stringify(withProperty(sample, { path, value: [1e308, -1, 0.5, null] })),
    JSON.stringify(withProperty(sample, { path, value: JSON.parse(mark) })).replace(mark, deep),
    JSON.stringify(withProperty(sample, { path, value: { deep: JSON.parse(mark) } })).replace(mark, deep),
    JSON.stringify(sample).replace('{', '{"__proto__":{"isAdmin":true},"constructor":{"prototype":{}},'),
  ]);
}

/** Query strings with one parameter each that holds something nasty, and one with all of them twice. */
export function hostileQueries(parameters: Parameter[]): string[] {
  const required = parameters.filter((parameter) => parameter.required);
  const base = (name: string) =>
    required
      .filter((parameter) => parameter.name !== name)
      .map((parameter) => `${parameter.name}=${encodeURIComponent(String(sampleOf(parameter.schema)))}`);
  const single = parameters.flatMap(({ name }) =>
    HOSTILE_QUERY_VALUES.map((value) => `?${[...base(name), `${name}=${value}`].join('&')}`),
  );
  const twice = parameters.map(({ name }) => `${name}=1&${name}=2`).join('&');
  return parameters.length === 0 ? ['?unknown=1'] : [...single, `?${twice}`];
}

function withProperty(sample: unknown, { path, value }: { path: string; value: unknown }): unknown {
  return { ...(typeof sample === 'object' ? sample : {}), [path]: value };
}

function typesOf(schema: Schema): string[] {
  const choices = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  if (choices.length > 0) return choices.flatMap(typesOf);
  const type = typeOf(schema) ?? (schema.enum ? 'string' : undefined);
  return type === undefined ? [] : [type];
}
