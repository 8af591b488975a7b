import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';

/** One request as it goes over the wire: nothing is corrected on the way. */
export type WireRequest = {
  method: string;
  /** Path and query, escaped or not. */
  target: string;
  headers: [name: string, value: string][];
  body?: Buffer | undefined;
  /** Sends the body in chunks of unknown total length. */
  isChunked?: boolean | undefined;
};

export type WireAnswer = { status: number; headers: Record<string, string>; text: string; durationMs: number };

/** The connection ended without an answer. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

/** Connections are kept, but for requests that may leave one in a state that the next would suffer from. */
const kept = new Agent({ keepAlive: true, maxSockets: 4 });

const MAX_ANSWER_BYTES = 20 * 1024 * 1024;

/**
 * Sends a request and reads the whole answer.
 * @throws NoAnswerError when there is none in time.
 */
export function send(baseUrl: string, wire: WireRequest, timeoutMs: number): Promise<WireAnswer> {
  const { hostname, port, protocol } = new URL(baseUrl);
  const isHttps = protocol === 'https:';
  const isOrdinary = !wire.isChunked && !wire.headers.some(([name]) => name === 'content-length') && !isHttps;
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new NoAnswerError(why));
    const outgoing = (isHttps ? httpsRequest : httpRequest)({
      hostname,
      port,
      method: wire.method,
      path: wire.target,
      headers: headersOf(wire),
      agent: isOrdinary ? kept : false,
      timeout: timeoutMs,
    });
    outgoing.on('response', (response) => {
      readText(response, timeoutMs).then((text) => {
        const headers = Object.fromEntries(
          Object.entries(response.headers).map(([name, value]) => [name, [value].flat().join(', ')]),
        );
        resolve({ status: response.statusCode ?? 0, headers, text, durationMs: performance.now() - started });
      }, fail);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`No answer within ${timeoutMs} ms.`)));
    outgoing.on('error', (error) => fail(error.message));
    if (wire.body) outgoing.write(wire.body);
    outgoing.end();
  });
}

function headersOf({ headers, body, isChunked = false }: WireRequest): Record<string, string | string[]> {
  const sent: Record<string, string | string[]> = {};
  for (const [name, value] of headers) {
    const earlier = sent[name];
    sent[name] = earlier === undefined ? value : [...[earlier].flat(), value];
  }
  const isSized = Object.keys(sent).some((name) => name.toLowerCase() === 'content-length');
  if (isChunked) sent['transfer-encoding'] = 'chunked';
  else if (body && !isSized) sent['content-length'] = String(body.length);
  return sent;
}

/** A stream of events may go on: what has come by then is read. */
async function readText(response: IncomingMessage, timeoutMs: number): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  const timer = setTimeout(() => response.destroy(), timeoutMs);
  try {
    for await (const part of response) {
      parts.push(part);
      size += part.length;
      if (size > MAX_ANSWER_BYTES) break;
    }
  } catch (error) {
    if (!/event-stream/.test(response.headers['content-type'] ?? '')) throw error;
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(parts).toString();
}
