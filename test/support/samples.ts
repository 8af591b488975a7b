import type { Operation, Parameter, Schema } from './openapi-operations.ts';

/** Values for properties by name, instead of the sample that the schema gives; undefined where there is none. */
export type Override = (name: string, schema: Schema) => unknown;

/** A value that the schema allows: its example, default or first choice, else the smallest of its type. */
export function sampleOf(schema: Schema, override: Override = () => undefined): unknown {
  const given = [schema.example, schema.default, schema.const, schema.enum?.[0]].find((value) => value !== undefined);
  if (given !== undefined && !schema.properties) return given;
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return sampleOf(choices.find((choice) => typeOf(choice) !== 'null') ?? {}, override);
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => sampleOf(part, override)));
  switch (typeOf(schema)) {
    case 'object':
      return sampleObject(schema, override);
    case 'array':
      return schema.items ? [sampleOf(schema.items, override)] : [];
    case 'integer':
    case 'number':
      return schema.minimum ?? 1;
    case 'boolean':
      return true;
    default:
      return sampleText(schema);
  }
}

/** The required properties (all, where none is: an empty change proves nothing), and those that are overridden. */
function sampleObject(schema: Schema, override: Override): Record<string, unknown> {
  const { properties = {}, required = Object.keys(properties) } = schema;
  const entries = Object.entries(properties).flatMap(([name, part]): [string, unknown][] => {
    const chosen = override(name, part);
    if (chosen !== undefined) return [[name, chosen]];
    return required.includes(name) ? [[name, sampleOf(part, override)]] : [];
  });
  return Object.fromEntries(entries);
}

function sampleText({ format, minLength = 1 }: Schema): string {
  if (format === 'uuid') return crypto.randomUUID();
  if (format === 'date-time') return '2099-01-01T00:00:00.000Z';
  if (format === 'email') return `${crypto.randomUUID()}@example.com`;
  return 'x'.repeat(Math.max(1, minLength));
}

export function typeOf({ type }: Schema): string | undefined {
  return Array.isArray(type) ? (type.find((name) => name !== 'null') ?? 'null') : type;
}

/** The required query parameters, and those that are overridden, as a query string with its question mark. */
export function sampleQuery(parameters: Parameter[], override: Override = () => undefined): string {
  const query = new URLSearchParams();
  for (const { name, required, schema } of parameters) {
    const value = override(name, schema) ?? (required ? sampleOf(schema) : undefined);
    if (value !== undefined) query.set(name, String(value));
  }
  return query.size > 0 ? `?${query}` : '';
}

/** A body of the kind that the operation takes, and the required headers. */
export function sampleRequest(
  { jsonBody, formBody, bytesType, headerParameters }: Operation,
  override?: Override,
): { body: unknown; headers: Record<string, string> } {
  const required = headerParameters.filter((parameter) => parameter.required);
  const headers = Object.fromEntries(required.map(({ name, schema }) => [name, String(sampleOf(schema))]));
  if (jsonBody) return { body: sampleOf(jsonBody, override), headers };
  if (formBody) return { body: sampleForm(formBody, override), headers };
  return bytesType
    ? { body: 'bytes', headers: { ...headers, 'content-type': bytesType } }
    : { body: undefined, headers };
}

/** A form with the required fields and those that are overridden; a file where one is wanted. */
function sampleForm(schema: Schema, override: Override = () => undefined): FormData {
  const form = new FormData();
  for (const [name, part] of Object.entries(schema.properties ?? {})) {
    const chosen = override(name, part);
    if (chosen !== undefined) form.set(name, String(chosen));
  }
  form.set('file', new File(['A note.'], 'note.txt', { type: 'text/plain' }));
  return form;
}

/** Whether a property, or each entry of it, is the id of something. */
export function isReference(schema: Schema): boolean {
  const parts = [schema, schema.items, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  return parts.some((part) => part?.format === 'uuid' || part?.items?.format === 'uuid');
}

/** Names of properties, at any depth, that are ids of something. */
export function referencesIn(schema: Schema): string[] {
  const own = Object.entries(schema.properties ?? {});
  const deeper = [schema.items, ...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
  return [
    ...own.flatMap(([name, part]) => (isReference(part) ? [name] : referencesIn(part))),
    ...deeper.flatMap((part) => (part ? referencesIn(part) : [])),
  ];
}
