import { z } from 'zod';

/**
 * The part of JSON Schema that the API's description uses. A keyword that is not here is refused when the description
 * is read: what is not understood must not count as checked.
 */
export type JsonSchema = {
  $ref?: string | undefined;
  type?: string | string[] | undefined;
  enum?: unknown[] | undefined;
  const?: unknown;
  properties?: Record<string, JsonSchema> | undefined;
  required?: string[] | undefined;
  additionalProperties?: boolean | JsonSchema | undefined;
  propertyNames?: JsonSchema | undefined;
  minProperties?: number | undefined;
  maxProperties?: number | undefined;
  items?: JsonSchema | undefined;
  prefixItems?: JsonSchema[] | undefined;
  minItems?: number | undefined;
  maxItems?: number | undefined;
  uniqueItems?: boolean | undefined;
  minLength?: number | undefined;
  maxLength?: number | undefined;
  pattern?: string | undefined;
  format?: string | undefined;
  contentEncoding?: string | undefined;
  minimum?: number | undefined;
  maximum?: number | undefined;
  exclusiveMinimum?: number | undefined;
  exclusiveMaximum?: number | undefined;
  multipleOf?: number | undefined;
  anyOf?: JsonSchema[] | undefined;
  oneOf?: JsonSchema[] | undefined;
  allOf?: JsonSchema[] | undefined;
  default?: unknown;
  example?: unknown;
  title?: string | undefined;
  description?: string | undefined;
  deprecated?: boolean | undefined;
};

/** Schemas by the last part of their `$ref`. */
export type NamedSchemas = Record<string, JsonSchema>;

const count = z.number().int().min(0).optional();

export const jsonSchema: z.ZodType<JsonSchema> = z.lazy(() =>
  z.strictObject({
    $ref: z.string().optional(),
    type: z.union([z.string(), z.array(z.string())]).optional(),
    enum: z.array(z.unknown()).optional(),
    const: z.unknown().optional(),
    properties: z.record(z.string(), jsonSchema).optional(),
    required: z.array(z.string()).optional(),
    additionalProperties: z.union([z.boolean(), jsonSchema]).optional(),
    propertyNames: jsonSchema.optional(),
    minProperties: count,
    maxProperties: count,
    items: jsonSchema.optional(),
    prefixItems: z.array(jsonSchema).optional(),
    minItems: count,
    maxItems: count,
    uniqueItems: z.boolean().optional(),
    minLength: count,
    maxLength: count,
    pattern: z.string().optional(),
    format: z.string().optional(),
    contentEncoding: z.string().optional(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
    exclusiveMinimum: z.number().optional(),
    exclusiveMaximum: z.number().optional(),
    multipleOf: z.number().positive().optional(),
    anyOf: z.array(jsonSchema).optional(),
    oneOf: z.array(jsonSchema).optional(),
    allOf: z.array(jsonSchema).optional(),
    default: z.unknown().optional(),
    example: z.unknown().optional(),
    title: z.string().optional(),
    description: z.string().optional(),
    deprecated: z.boolean().optional(),
  }),
);

/** The schema that a reference names, with the parts of an `allOf` laid into one. */
export function resolveSchema(schema: JsonSchema, named: NamedSchemas): JsonSchema {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split('/').at(-1) ?? '';
    const target = named[name];
    if (!target) throw new Error(`The description names no schema ${schema.$ref}.`);
    const { $ref: _, ...beside } = schema;
    return resolveSchema({ ...target, ...beside }, named);
  }
  if (!schema.allOf) return schema;
  const { allOf, ...own } = schema;
  const parts = [own, ...allOf.map((part) => resolveSchema(part, named))];
  const merged = Object.assign({}, ...parts);
  return {
    ...merged,
    properties: Object.assign({}, ...parts.map(({ properties }) => properties)),
    required: parts.flatMap(({ required = [] }) => required),
  };
}

type At = { named: NamedSchemas; path?: string };

/**
 * What is wrong with a value, as `path: what`; nothing when it is as the schema says. Stricter than JSON Schema in one
 * way: a property that the schema does not name is wrong too, unless it says `additionalProperties`.
 */
export function faultsOf(given: JsonSchema, value: unknown, { named, path = '$' }: At): string[] {
  const schema = resolveSchema(given, named);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) {
    const tried = choices.map((choice) => faultsOf(choice, value, { named, path }));
    if (tried.every((faults) => faults.length > 0)) return [`${path}: fits no choice (${tried.flat().join('; ')})`];
  }
  const wrongType = typeFault(schema, value);
  if (wrongType !== undefined) return [`${path}: ${wrongType}`];
  const faults = [...constantFaults(schema, value), ...scalarFaults(schema, value)].map((what) => `${path}: ${what}`);
  if (Array.isArray(value)) return [...faults, ...arrayFaults(schema, value, { named, path })];
  if (isRecord(value)) return [...faults, ...objectFaults(schema, value, { named, path })];
  return faults;
}

/** The types that the schema allows; none for one that does not say. */
export const typesOf = ({ type }: JsonSchema): string[] => (type === undefined ? [] : [type].flat());

function typeFault(schema: JsonSchema, value: unknown): string | undefined {
  const allowed = typesOf(schema);
  if (allowed.length === 0) return undefined;
  const actual = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  const fits = allowed.includes(actual) || (allowed.includes('integer') && Number.isInteger(value));
  return fits ? undefined : `is ${actual}, not ${allowed.join(' or ')}`;
}

function constantFaults(schema: JsonSchema, value: unknown): string[] {
  const same = (other: unknown) => JSON.stringify(other) === JSON.stringify(value);
  const wrong = (schema.enum && !schema.enum.some(same)) || ('const' in schema && !same(schema.const));
  return wrong ? [`${JSON.stringify(value)} is none of the allowed values`] : [];
}

const FORMATS: Record<string, RegExp> = {
  uuid: /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i,
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
  date: /^\d{4}-\d\d-\d\d$/,
  email: /^[^\s@]+@[^\s@]+$/,
  uri: /^[a-z][a-z\d+.-]*:/i,
};

function scalarFaults(schema: JsonSchema, value: unknown): string[] {
  if (typeof value === 'number') {
    return failed([
      ['is too small', value < (schema.minimum ?? Number.NEGATIVE_INFINITY)],
      ['is too large', value > (schema.maximum ?? Number.POSITIVE_INFINITY)],
      ['is not above its bound', value <= (schema.exclusiveMinimum ?? Number.NEGATIVE_INFINITY)],
      ['is not below its bound', value >= (schema.exclusiveMaximum ?? Number.POSITIVE_INFINITY)],
    ]);
  }
  if (typeof value !== 'string') return [];
  const format = FORMATS[schema.format ?? ''];
  return failed([
    ['is too short', value.length < (schema.minLength ?? 0)],
    ['is too long', value.length > (schema.maxLength ?? Number.POSITIVE_INFINITY)],
    [`does not match ${schema.pattern}`, schema.pattern !== undefined && !matches(schema.pattern, value)],
    [`is no ${schema.format}`, format !== undefined && !format.test(value)],
  ]);
}

const failed = (rules: [what: string, isBroken: boolean][]) =>
  rules.filter(([, broken]) => broken).map(([what]) => what);

/** Whether the text fits a pattern of the description, which are ECMAScript's, most of them meant for Unicode. */
export function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(text);
  } catch {
    return new RegExp(pattern).test(text);
  }
}

function arrayFaults(schema: JsonSchema, value: unknown[], { named, path }: Required<At>): string[] {
  const sizes = failed([
    ['has too few items', value.length < (schema.minItems ?? 0)],
    ['has too many items', value.length > (schema.maxItems ?? Number.POSITIVE_INFINITY)],
  ]);
  const first = schema.prefixItems ?? [];
  const inside = value.flatMap((item, index) => {
    const part = first[index] ?? schema.items;
    return part ? faultsOf(part, item, { named, path: `${path}[${index}]` }) : [];
  });
  return [...sizes.map((what) => `${path}: ${what}`), ...inside];
}

function objectFaults(schema: JsonSchema, value: Record<string, unknown>, { named, path }: Required<At>): string[] {
  const { properties = {}, required = [], additionalProperties } = schema;
  const missing = required.filter((name) => !(name in value)).map((name) => `${path}.${name}: is missing`);
  const isOpen = schema.properties === undefined && additionalProperties === undefined && !schema.anyOf;
  const inside = Object.entries(value).flatMap(([name, part]) => {
    const at = { named, path: `${path}.${name}` };
    const own = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (own) return faultsOf(own, part, at);
    if (isOpen || additionalProperties === true || schema.anyOf) return [];
    if (typeof additionalProperties === 'object') return faultsOf(additionalProperties, part, at);
    return [`${at.path}: is not declared`];
  });
  return [...missing, ...inside];
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
