import { fillPath, type Operation, PIECE_TYPE } from './description.ts';
import type { Dice } from './dice.ts';
import { isRecord } from './json-schema.ts';
import { type Making, madeUpId, validValue } from './values.ts';
import type { WireRequest } from './wire.ts';

/** One part of a form, as its sender writes it. */
export type Part = { disposition: string; type?: string | undefined; content: string | Buffer };

/** A request before it is written down. Path values are escaped already, query values are not. */
export type Draft = {
  operation: Operation;
  segments: Record<string, string>;
  query: [name: string, value: string][];
  headers: [name: string, value: string][];
  json?: unknown;
  parts?: Part[];
  bytes?: Buffer;
};

/** Where a known value is to be left out. */
export const OMIT = Symbol('omit');

/** A pixel. */
export const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg==',
  'base64',
);

const BOUNDARY = 'fuzz-boundary-7c1f';

/** Of many parameters one is sure to be wrong for what is there: every other request has few of those that it may leave out. */
const shareOfOptional = (dice: Dice): number => (dice.chance(0.5) ? 0.1 : 0.4);

/** A request that the description allows: required parameters, and some of the others. */
export function draftOf(operation: Operation, making: Making): Draft {
  const { dice } = making;
  const draft: Draft = { operation, segments: {}, query: [], headers: [] };
  const share = shareOfOptional(dice);
  for (const parameter of operation.parameters) {
    const { name, schema } = parameter;
    if (parameter.in === 'path') {
      draft.segments[name] = encodeURIComponent(String(making.known(name, schema) ?? madeUpId(dice)));
    } else if (parameter.in === 'query' && (parameter.required || dice.chance(share))) {
      const value = validValue(schema, making, name);
      if (value !== OMIT && value !== null) draft.query.push([name, String(value)]);
    }
  }
  draft.headers.push(...requiredHeaders(operation, making));
  if (operation.jsonBody) draft.json = withoutOmitted(validValue(operation.jsonBody, making));
  if (operation.formBody) draft.parts = partsOf(operation, making);
  const bytes = bytesFor(operation, dice);
  if (bytes) draft.bytes = bytes;
  return draft;
}

function bytesFor({ takesPicture, takesPieces }: Operation, dice: Dice): Buffer | undefined {
  if (takesPieces) return Buffer.from('bytes'.repeat(dice.integer(0, 9)));
  return takesPicture ? PICTURE : undefined;
}

const requiredHeaders = ({ parameters }: Operation, making: Making): Draft['headers'] =>
  parameters
    .filter((parameter) => parameter.in === 'header' && parameter.required)
    .map(({ name, schema }) => [name, String(validValue(schema, making, name))]);

function withoutOmitted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutOmitted);
  if (!isRecord(value)) return value;
  const kept = Object.entries(value).filter(([, part]) => part !== OMIT);
  return Object.fromEntries(kept.map(([name, part]) => [name, withoutOmitted(part)]));
}

function partsOf({ formBody }: Operation, making: Making): Part[] {
  const { properties = {}, required = [] } = formBody ?? {};
  return Object.entries(properties).flatMap(([name, schema]): Part[] => {
    const file = () => filePart(`Notes of ${validValue({ type: 'string' }, making)}.\n`);
    if (schema.format === 'binary') return [file()];
    if (schema.items?.format === 'binary') return [file(), file()];
    if (!required.includes(name) && making.dice.chance(0.5)) return [];
    const value = validValue(schema, making, name);
    return value === OMIT ? [] : [{ disposition: `form-data; name="${name}"`, content: String(value) }];
  });
}

export const filePart = (content: string | Buffer, filename = 'note.txt', type = 'text/plain'): Part => ({
  disposition: `form-data; name="file"; filename="${filename}"`,
  type,
  content,
});

/** The request as it goes over the wire. */
export function toWire(draft: Draft, changes: Partial<WireRequest> & { rawQuery?: string } = {}): WireRequest {
  const { rawQuery, ...changed } = changes;
  const query = rawQuery ?? queryText(draft.query);
  const path = fillPath(draft.operation.path, (name) => draft.segments[name] ?? '');
  const wire: WireRequest = {
    method: draft.operation.method,
    target: query === '' ? path : `${path}?${query}`,
    headers: draft.headers,
    ...bodyOf(draft),
  };
  const headers = typeOf(draft, wire.headers);
  return { ...wire, headers, ...changed };
}

const bodyOf = ({ json, parts, bytes }: Draft) => {
  if (bytes) return { body: bytes };
  if (parts) return { body: formBytes(parts) };
  return json === undefined ? {} : { body: Buffer.from(JSON.stringify(json)) };
};

function typeOf({ operation, json, parts, bytes }: Draft, headers: Draft['headers']): Draft['headers'] {
  if (headers.some(([name]) => name === 'content-type')) return headers;
  if (bytes) return [...headers, ['content-type', operation.takesPieces ? PIECE_TYPE : 'image/png']];
  if (parts) return [...headers, ['content-type', `multipart/form-data; boundary=${BOUNDARY}`]];
  return json === undefined ? headers : [...headers, ['content-type', 'application/json']];
}

/** A form with any disposition and type for each part, which no honest library would write. */
export function formBytes(parts: Part[], boundary = BOUNDARY): Buffer {
  const pieces = parts.flatMap(({ disposition, type, content }) => {
    const head = [`--${boundary}`, `Content-Disposition: ${disposition}`, ...(type ? [`Content-Type: ${type}`] : [])];
    return [Buffer.from(`${head.join('\r\n')}\r\n\r\n`), Buffer.from(content), Buffer.from('\r\n')];
  });
  return Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]);
}

/** Lone surrogates, which `encodeURIComponent` refuses, go as the bytes that careless programs send. */
const escaped = (text: string) => {
  if (text.isWellFormed()) return encodeURIComponent(text);
  return [...text].map((one) => (one.isWellFormed() ? encodeURIComponent(one) : '%ED%A0%80')).join('');
};

const queryText = (query: Draft['query']) =>
  query.map(([name, value]) => `${escaped(name)}=${escaped(value)}`).join('&');
