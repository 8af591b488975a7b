import { call } from './app.ts';

/** A JSON Schema of the API's description, as far as the tests read it. */
export type Schema = {
  $ref?: string;
  type?: string | string[];
  format?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  example?: unknown;
  minimum?: number;
  minLength?: number;
};

export type Parameter = { name: string; in: 'path' | 'query' | 'header'; required?: boolean; schema: Schema };

type RawOperation = {
  operationId?: string;
  security?: Record<string, string[]>[];
  'x-required-scope'?: string;
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, unknown>;
};

type ApiDescription = {
  paths: Record<string, Record<string, RawOperation>>;
  components: { schemas: Record<string, Schema> };
};

export type Operation = {
  /** `GET /v1/documents/{id}`: its name in test reports and lists. */
  name: string;
  method: string;
  path: string;
  isPublic: boolean;
  requiredScope: string | undefined;
  pathParameters: Parameter[];
  queryParameters: Parameter[];
  headerParameters: Parameter[];
  jsonBody: Schema | undefined;
  formBody: Schema | undefined;
  /** The media type of a body that is just bytes. */
  bytesType: string | undefined;
  statuses: string[];
};

/** Every operation that the API describes, with its schemas resolved. */
export async function describedOperations(): Promise<Operation[]> {
  const { body } = await call<ApiDescription>('/openapi.json');
  return Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, raw]) => toOperation(body, { path, method: method.toUpperCase(), raw })),
  );
}

function toOperation(
  description: ApiDescription,
  { path, method, raw }: { path: string; method: string; raw: RawOperation },
): Operation {
  const resolve = (schema: Schema) => resolved(schema, description.components.schemas);
  const parameters = (raw.parameters ?? []).map((parameter) => ({ ...parameter, schema: resolve(parameter.schema) }));
  const bodySchema = (type: string) => {
    const schema = raw.requestBody?.content[type]?.schema;
    return schema && resolve(schema);
  };
  return {
    name: `${method} ${path}`,
    method,
    path,
    isPublic: raw.security?.length === 0,
    requiredScope: raw['x-required-scope'],
    pathParameters: parameters.filter((parameter) => parameter.in === 'path'),
    queryParameters: parameters.filter((parameter) => parameter.in === 'query'),
    headerParameters: parameters.filter((parameter) => parameter.in === 'header'),
    jsonBody: bodySchema('application/json'),
    formBody: bodySchema('multipart/form-data'),
    bytesType: Object.keys(raw.requestBody?.content ?? {}).find((type) => !STRUCTURED.test(type)),
    statuses: Object.keys(raw.responses),
  };
}

/** What has fields. */
const STRUCTURED = /json|^multipart\//;

const MAX_DEPTH = 12;

/** The schema without references; recursive ones end as "anything". */
function resolved(schema: Schema, named: Record<string, Schema>, depth = 0): Schema {
  if (depth > MAX_DEPTH) return {};
  const again = (part: Schema) => resolved(part, named, depth + 1);
  if (schema.$ref !== undefined) return again(named[schema.$ref.split('/').at(-1) ?? ''] ?? {});
  return {
    ...schema,
    ...(schema.properties && {
      properties: Object.fromEntries(Object.entries(schema.properties).map(([name, part]) => [name, again(part)])),
    }),
    ...(schema.items && { items: again(schema.items) }),
    ...(schema.anyOf && { anyOf: schema.anyOf.map(again) }),
    ...(schema.oneOf && { oneOf: schema.oneOf.map(again) }),
    ...(schema.allOf && { allOf: schema.allOf.map(again) }),
  };
}

/** Whether a path parameter says which thing; a number says which part of it. */
export const isId = ({ schema }: Parameter): boolean => schema.type !== 'integer';

/** The path with the ids in it filled in, and the first of what is numbered. */
export const fillPath = (operation: Operation, valueFor: (parameter: string) => string): string =>
  operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const isNumber = operation.pathParameters.some((parameter) => parameter.name === name && !isId(parameter));
    return isNumber ? '1' : encodeURIComponent(valueFor(name));
  });
