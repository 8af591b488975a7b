import { parsed } from './checks.ts';
import { isRecord } from './json-schema.ts';
import type { WireRequest } from './wire.ts';

const MAX_TRIES = 40;

/** The smallest request found, by leaving out and shortening, that `fails` still says yes to. */
export async function shrink(
  wire: WireRequest,
  fails: (smaller: WireRequest) => Promise<boolean>,
): Promise<WireRequest> {
  let smallest = wire;
  let tries = 0;
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false;
    for (const candidate of smallerOnes(smallest)) {
      if (++tries > MAX_TRIES) return smallest;
      if (!(await fails(candidate))) continue;
      smallest = candidate;
      isSmaller = true;
      break;
    }
  }
  return smallest;
}

function* smallerOnes(wire: WireRequest): Generator<WireRequest> {
  for (const at of wire.headers.keys()) {
    if (wire.headers[at]?.[0] !== 'authorization')
      yield { ...wire, headers: wire.headers.filter((_, index) => index !== at) };
  }
  const [path = '', query] = wire.target.split('?');
  const pairs = query?.split('&') ?? [];
  for (const at of pairs.keys()) {
    const left = pairs.filter((_, index) => index !== at);
    yield { ...wire, target: left.length > 0 ? `${path}?${left.join('&')}` : path };
  }
  if (wire.isChunked) yield { ...wire, isChunked: false };
  if (wire.body) yield* smallerBodies(wire, wire.body);
}

function* smallerBodies(wire: WireRequest, body: Buffer): Generator<WireRequest> {
  const json = parsed(body.toString());
  if (!isRecord(json)) return;
  const withJson = (value: unknown) => ({ ...wire, body: Buffer.from(JSON.stringify(value)) });
  for (const [name, value] of Object.entries(json)) {
    const { [name]: _, ...others } = json;
    yield withJson(others);
    if (typeof value === 'string' && value.length > 8)
      yield withJson({ ...json, [name]: value.slice(0, value.length >> 1) });
    if (Array.isArray(value) && value.length > 1)
      yield withJson({ ...json, [name]: value.slice(0, value.length >> 1) });
  }
}
