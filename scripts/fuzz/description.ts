import { z } from 'zod';
import { type JsonSchema, jsonSchema, type NamedSchemas, resolveSchema } from './json-schema.ts';

const contentSchema = z.record(z.string(), z.object({ schema: jsonSchema }));

const parameterSchema = z.object({
  name: z.string(),
  in: z.enum(['path', 'query', 'header', 'cookie']),
  required: z.boolean().default(false),
  schema: jsonSchema,
});

const operationSchema = z.object({
  operationId: z.string(),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  'x-required-scope': z.string().optional(),
  parameters: z.array(parameterSchema).default([]),
  requestBody: z.object({ content: contentSchema }).optional(),
  responses: z.record(z.string(), z.object({ content: contentSchema.optional() })),
});

const descriptionSchema = z.object({
  paths: z.record(z.string(), z.record(z.string(), operationSchema)),
  components: z.object({ schemas: z.record(z.string(), jsonSchema) }),
});

/** The media type of a file that comes in pieces. */
export const PIECE_TYPE = 'application/offset+octet-stream';

export type Parameter = z.output<typeof parameterSchema>;

export type Operation = {
  /** `GET /v1/documents/{id}`. */
  name: string;
  method: string;
  path: string;
  isPublic: boolean;
  requiredScope: string | undefined;
  parameters: Parameter[];
  jsonBody: JsonSchema | undefined;
  formBody: JsonSchema | undefined;
  /** Whether its body is the bytes of a picture. */
  takesPicture: boolean;
  /** Whether its body may be any bytes, in pieces (tus). */
  takesPieces: boolean;
  /** Media types and schemas that it may answer with, by status. */
  responses: Record<string, Record<string, JsonSchema>>;
};

export type Description = { operations: Operation[]; named: NamedSchemas };

/** Reads an OpenAPI document. @throws ZodError where it says something that the fuzz run does not understand. */
export function readDescription(document: unknown): Description {
  const { paths, components } = descriptionSchema.parse(document);
  const named = components.schemas;
  const body = (content: z.output<typeof contentSchema> | undefined, type: string) => {
    const schema = content?.[type]?.schema;
    return schema && resolveSchema(schema, named);
  };
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, raw]): Operation => {
      const responses = Object.entries(raw.responses).map(([status, { content = {} }]) => [
        status,
        Object.fromEntries(Object.entries(content).map(([type, { schema }]) => [type, schema])),
      ]);
      return {
        name: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase(),
        path,
        isPublic: raw.security.length === 0,
        requiredScope: raw['x-required-scope'],
        parameters: raw.parameters.map((one) => ({ ...one, schema: resolveSchema(one.schema, named) })),
        jsonBody: body(raw.requestBody?.content, 'application/json'),
        formBody: body(raw.requestBody?.content, 'multipart/form-data'),
        takesPicture: raw.requestBody?.content['image/png'] !== undefined,
        takesPieces: raw.requestBody?.content[PIECE_TYPE] !== undefined,
        responses: Object.fromEntries(responses),
      };
    }),
  );
  return { operations, named };
}

/** The path with a value for each of its parameters, as it stands in a request. */
export const fillPath = (path: string, valueFor: (parameter: string) => string): string =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => valueFor(name));
