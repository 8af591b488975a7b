import type { Description, Operation } from './description.ts';
import type { Dice } from './dice.ts';
import { type Draft, draftOf, PICTURE, toWire } from './draft.ts';
import { formProbes } from './form-probes.ts';
import { headerProbes } from './header-probes.ts';
import { isRecord, type JsonSchema } from './json-schema.ts';
import { declared, type Probe, shown } from './probe.ts';
import { boundaryValues, deepJson, HOSTILE_TEXTS, hostileValues, type Making } from './values.ts';
import type { WireRequest } from './wire.ts';

const MAX_JSON_BYTES = 1024 * 1024;

type Trial = {
  description: Description;
  makingNow: () => Making /** Of the odd probes, one in so many is taken. */;
  thinning: number;
};

/** What is tried at one operation in one round; what there is in the world may change meanwhile. */
export function* probesOf(operation: Operation, { description, makingNow, thinning }: Trial): Generator<Probe> {
  const { dice } = makingNow();
  const valid = (what: string) => declared(what, toWire(draftOf(operation, makingNow())));
  for (let i = 0; i < 3; i++) yield valid('valid');
  for (const probe of oddProbes(operation, makingNow)) if (dice.chance(1 / thinning)) yield probe;
  yield valid('valid, after all that');
  if (!operation.isPublic) yield* accessProbes(operation, makingNow());
  yield* methodProbes(description, operation, makingNow());
  if (dice.chance(SHARE_OF_WIRE_PROBES)) yield* wireProbes(operation, makingNow());
}

/** They wait for time-outs, and say little of the operation itself. */
const SHARE_OF_WIRE_PROBES = 0.1;

function* oddProbes(operation: Operation, makingNow: () => Making): Generator<Probe> {
  const { dice } = makingNow();
  const fresh = () => draftOf(operation, makingNow());
  yield* pathProbes(fresh(), dice);
  yield* queryProbes(fresh(), makingNow());
  if (operation.jsonBody) yield* bodyProbes(fresh, makingNow());
  if (operation.formBody) yield* formProbes(fresh(), dice);
  if (operation.takesPicture) yield* pictureProbes(fresh(), dice);
  yield* headerProbes(fresh(), dice);
}

/** Pictures that are none, or not whole, or whose header lies. */
function* pictureProbes(draft: Draft, dice: Dice): Generator<Probe> {
  for (let i = 0; i < 12; i++) {
    const cut = PICTURE.subarray(0, dice.integer(0, PICTURE.length));
    const bent = Buffer.from(PICTURE);
    bent[dice.integer(0, PICTURE.length - 1)] = dice.integer(0, 255);
    for (const bytes of [cut, bent]) yield declared(`picture ${bytes.toString('base64')}`, toWire({ ...draft, bytes }));
  }
}

const BAD_SEGMENTS = [
  'x',
  '%00',
  '%2e%2e',
  '..',
  '..%2f..%2fetc',
  'a%2Fb',
  '%',
  '%zz',
  '%ED%A0%80',
  '%F0%9F%98%80',
  "'--",
  '*',
  ';a=b',
  '-1',
  'null',
  'undefined',
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  '0199c0de-0000-7000-8000-000000000000',
  '{0199c0de-0000-7000-8000-000000000000}',
  '9'.repeat(3_000),
];

function* pathProbes(draft: Draft, dice: Dice): Generator<Probe> {
  const names = Object.keys(draft.segments);
  for (const name of names) {
    const own = draft.segments[name] ?? '';
    const near = [own.toUpperCase(), `${own}%20`, `${own}%00`, `${own}/`, `/${own}`, own.replaceAll('-', '')];
    for (const value of [...dice.sample(BAD_SEGMENTS, 6), ...dice.sample(near, 2)]) {
      const wire = toWire({ ...draft, segments: { ...draft.segments, [name]: value } });
      yield { what: `path ${name}: ${shown(value)}`, wire, expects: 'rerouted' };
    }
  }
}

const RAW_QUERIES = [
  '&&==&=',
  '%zz=%',
  '%ED%A0%80=%ED%A0%80',
  'a[b][c]=1&a[]=2',
  '__proto__[x]=1',
  `${'a=1&'.repeat(2_000)}`,
];

function* queryProbes(draft: Draft, { dice, ...making }: Making): Generator<Probe> {
  const parameters = draft.operation.parameters.filter((parameter) => parameter.in === 'query');
  const withValue = (name: string, value: string) =>
    toWire({ ...draft, query: [...draft.query.filter(([other]) => other !== name), [name, value]] });
  for (const { name, schema } of parameters) {
    const edges = boundaryValues(schema, { dice, ...making }, name).map(String);
    for (const value of [...dice.sample(edges, 6), ...dice.sample(HOSTILE_TEXTS, 3)]) {
      yield declared(`query ${name}: ${shown(value)}`, withValue(name, value.slice(0, 6_000)));
    }
    yield declared(`query ${name} empty`, withValue(name, ''));
    const missing = draft.query.filter(([other]) => other !== name);
    yield declared(`query ${name} missing`, toWire({ ...draft, query: missing }));
    const twice: Draft['query'] = [...missing, [name, '1'], [name, '2']];
    yield declared(`query ${name} twice`, toWire({ ...draft, query: twice }));
  }
  yield declared('an unknown query parameter', withValue('unknown', '1'));
  const rawQuery = dice.pick(RAW_QUERIES);
  yield declared(`query ${shown(rawQuery)}`, toWire(draft, { rawQuery }));
}

const RAW_BODIES: [what: string, bytes: Buffer][] = [
  ['nothing', Buffer.alloc(0)],
  ['half an object', Buffer.from('{"a":')],
  ['null', Buffer.from('null')],
  ['an array', Buffer.from('[]')],
  ['a number', Buffer.from('1e999')],
  ['two values', Buffer.from('{} {}')],
  ['a byte order mark', Buffer.from('\ufeff{}')],
  ['UTF-16', Buffer.from('{"name":"x"}', 'utf16le')],
  ['bytes that are no text', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
  ['a null byte', Buffer.from('\0')],
  ['deep JSON', Buffer.from(deepJson())],
  ['deep brackets', Buffer.from('['.repeat(100_000))],
  ['a prototype', Buffer.from('{"__proto__":{"role":"admin"},"constructor":{"prototype":{"role":"admin"}}}')],
  ['too much', Buffer.from(JSON.stringify({ filler: 'x'.repeat(MAX_JSON_BYTES) }))],
];

function* bodyProbes(fresh: () => Draft, making: Making): Generator<Probe> {
  const { dice } = making;
  const properties = Object.entries(fresh().operation.jsonBody?.properties ?? {});
  /** The bytes of a valid body after a change, in a request that is valid otherwise. */
  const changed = (change: (json: Record<string, unknown>) => unknown, edit = (text: string) => text): WireRequest => {
    const draft = fresh();
    const json = change(isRecord(draft.json) ? draft.json : {});
    return { ...toWire({ ...draft, json }), body: Buffer.from(edit(JSON.stringify(json))) };
  };
  for (const [name, schema] of properties) {
    const values = [
      ...dice.sample(boundaryValues(schema, making, name), 6),
      ...dice.sample(nestedValues(schema, making), 3),
      ...dice.sample(hostileValues(), 5),
    ];
    for (const value of values)
      yield declared(
        `${name}: ${shown(value)}`,
        changed((json) => ({ ...json, [name]: value })),
      );
    yield declared(
      `${name} missing`,
      changed((json) => without(json, name)),
    );
    const deep = (text: string) => text.replace('"@"', deepJson());
    if (dice.chance(0.3))
      yield declared(
        `${name}: deep JSON`,
        changed((json) => ({ ...json, [name]: '@' }), deep),
      );
    const twice = (text: string) => text.replace('{', `{${JSON.stringify(name)}:null,`);
    yield declared(
      `${name} twice`,
      changed((json) => json, twice),
    );
  }
  const strange = dice.pick(HOSTILE_TEXTS);
  yield declared(
    'an unknown property',
    changed((json) => ({ ...json, unknown: 1, [strange]: 1 })),
  );
  for (const [what, body] of dice.sample(RAW_BODIES, 6)) yield declared(what, { ...changed((json) => json), body });
}

/** The value with something wrong one level below: in an entry of a list, in a property of an object. */
function nestedValues({ items, properties, additionalProperties }: JsonSchema, { dice }: Making): unknown[] {
  const bad = () => dice.pick(hostileValues());
  if (items) return [[bad()], [bad(), bad()]];
  if (properties) return Object.keys(properties).map((name) => ({ [name]: bad() }));
  return additionalProperties ? [{ [dice.pick(HOSTILE_TEXTS)]: bad() }, { x: { y: bad() } }] : [];
}

const without = (record: Record<string, unknown>, name: string) =>
  Object.fromEntries(Object.entries(record).filter(([other]) => other !== name));

const HTTP_METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'];

/** What `Allow` must name for a path: also what a path with a parameter takes that this one could be read as. */
export function methodsOf({ operations }: Description, path: string): string[] {
  const fits = (template: string) => new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`).test(path);
  const methods = operations.filter((operation) => fits(operation.path)).map(({ method }) => method);
  return [...new Set(methods.includes('GET') ? [...methods, 'HEAD'] : methods)];
}

/** Every method that the path does not take; from the first of its operations, so that each is tried once. */
function* methodProbes(description: Description, operation: Operation, making: Making): Generator<Probe> {
  if (description.operations.find(({ path }) => path === operation.path)?.name !== operation.name) return;
  const wire = { ...toWire(draftOf(operation, making)), headers: [], body: undefined };
  const taken = methodsOf(description, operation.path);
  for (const method of [...HTTP_METHODS, 'HEAD'].filter((each) => !taken.includes(each))) {
    yield { what: `method ${method}`, wire: { ...wire, method }, expects: 'wrong-method' };
  }
}

/** The owner's things asked for by a stranger, and by nobody. */
function* accessProbes(operation: Operation, making: Making): Generator<Probe> {
  const isAboutOne = operation.parameters.some((parameter) => parameter.in === 'path');
  for (let i = 0; i < 2; i++) {
    const wire = toWire(draftOf(operation, making));
    yield { what: 'by a stranger', wire, expects: isAboutOne ? 'refused' : 'declared', as: 'stranger' };
  }
  yield { what: 'by nobody', wire: toWire(draftOf(operation, making)), expects: 'unauthenticated', as: 'nobody' };
}

/** Requests that say one thing of their body and do another. */
function* wireProbes(operation: Operation, making: Making): Generator<Probe> {
  const wire = toWire(draftOf(operation, making));
  const body = wire.body ?? Buffer.from('{}');
  const sized = (length: string): WireRequest => ({
    ...wire,
    body,
    headers: [...wire.headers, ['content-length', length]],
  });
  for (const length of [String(body.length - 1), String(body.length + 5), '0', '-1', '1e3', '99999999999999999999']) {
    yield { what: `content-length ${length}`, wire: sized(length), expects: 'broken-wire' };
  }
}
