import { TimeoutError, withTimeout } from '../../shared/attempts.ts';
import { createExpiringCache } from '../../shared/expiring-cache.ts';
import { boundedBody, boundedText, timedOut, tooLarge } from './bounded-body.ts';
import { robotsAllow } from './robots.ts';
import type { UrlGuard } from './url-guard.ts';
import { type Web, WebError, type WebFailure, type WebRequest } from './web.ts';

export type WebFetcherOptions = {
  guard: UrlGuard;
  /** Where people can read who asks. */
  homepage: string;
  maxBytes: number;
  /** From the first question, with its redirects, to the last byte. */
  timeoutMs: number;
  now: () => number;
  fetch?: typeof fetch | undefined;
};

const NAME = 'commonplace';
const VERSION = '1';
const MAX_REDIRECTS = 5;
const IDLE_MS = 10_000;
const REDIRECTS = [301, 302, 303, 307, 308];
/** Answers that may be others later. */
const TRANSIENT = [408, 425, 429];
const MAX_RETRY_AFTER_MS = 60 * 60_000;
/** What the runtime decompresses by itself; anything else would be archived as gibberish. */
const READABLE_ENCODING = /^(|identity|gzip|br)$/i;
/** Anything that can be a document. Streams without end, and programs, are none. */
const WANTED_TYPE =
  /^(|text\/(?!event-stream|javascript)[\w.+-]+|(image|audio|video)\/[\w.+-]+|application\/(?!javascript|x-javascript|wasm|x-msdownload|x-mpegurl|vnd\.apple\.mpegurl)[\w.+-]+)$/i;

/** RFC 9309: at least this much is read, and kept for a day at most. */
const MAX_ROBOTS_BYTES = 500 * 1024;
const ROBOTS_TIMEOUT_MS = 10_000;
const ROBOTS_TTL_MS = 60 * 60_000;
const MAX_ROBOTS_KEPT = 500;

type Deadline = { signal: AbortSignal; endsAt: number; inTime<T>(work: Promise<T>): Promise<T>; abort: () => void };

/** The web by `fetch`: no cookies, no credentials, redirects by hand, everything bounded, and an honest name. */
export function createWebFetcher({ guard, homepage, maxBytes, timeoutMs, now, fetch: given }: WebFetcherOptions): Web {
  const request = given ?? ((input: string, init: RequestInit) => fetch(input, init));
  const userAgent = `${NAME}/${VERSION} (+${homepage})`;
  const robots = createExpiringCache<string>({ ttlMs: ROBOTS_TTL_MS, maxEntries: MAX_ROBOTS_KEPT, now });

  const startDeadline = (ms: number): Deadline => {
    const controller = new AbortController();
    const endsAt = now() + ms;
    return {
      signal: controller.signal,
      endsAt,
      abort: () => controller.abort(),
      inTime: (work) => withTimeout(work, Math.max(1, endsAt - now())),
    };
  };

  /** Asks, and goes on to where it is sent: each address is checked before anything is sent to it. */
  const follow = async (
    address: URL,
    { headers, deadline }: { headers: Record<string, string>; deadline: Deadline },
  ) => {
    const seen = new Set<string>();
    for (let url = address; ; ) {
      await guard.check(url);
      seen.add(url.href);
      const response = await request(url.href, {
        headers: { 'user-agent': userAgent, ...headers },
        redirect: 'manual',
        cache: 'no-store',
        signal: deadline.signal,
      });
      const next = REDIRECTS.includes(response.status) ? targetOf(response, url) : undefined;
      if (!next) return { response, url };
      response.body?.cancel().catch(() => {});
      if (seen.has(next.href)) throw new WebError('redirects', 'The site sends its visitors round in a circle.');
      if (seen.size > MAX_REDIRECTS) throw new WebError('redirects', `It redirects more than ${MAX_REDIRECTS} times.`);
      url = next;
    }
  };

  /** @throws WebError, whatever went wrong. */
  const ask = async (address: URL, options: { headers: Record<string, string>; deadline: Deadline }) => {
    try {
      return await options.deadline.inTime(follow(address, options));
    } catch (error) {
      options.deadline.abort();
      throw askingFailed(error);
    }
  };

  /** The site's robots.txt; empty when it has none. @throws WebError when nobody can tell: then nothing is fetched. */
  const robotsOf = async (origin: string): Promise<string> => {
    const known = robots.get(origin);
    if (known !== undefined) return known;
    const deadline = startDeadline(ROBOTS_TIMEOUT_MS);
    const { response } = await ask(new URL('/robots.txt', origin), { headers: { accept: 'text/plain' }, deadline });
    if (response.status >= 500) throw unavailable(response);
    const hasRules = response.ok && READABLE_ENCODING.test(response.headers.get('content-encoding') ?? '');
    // What is longer than anybody has to read rules nothing.
    const text = hasRules ? await deadline.inTime(boundedText(response, MAX_ROBOTS_BYTES)).catch(() => '') : '';
    deadline.abort();
    robots.set(origin, text);
    return text;
  };

  const obeyRobots = async ({ origin, pathname, search }: URL): Promise<void> => {
    if (robotsAllow(await robotsOf(origin), { agent: NAME, path: pathname + search })) return;
    throw new WebError(
      'refused_by_robots',
      'The site asks programs not to fetch this by themselves (robots.txt); accept it by hand.',
    );
  };

  return {
    refusal: (address) => (URL.canParse(address) ? guard.refusal(new URL(address)) : 'It is not an address.'),

    async open(address, { etag, lastModified, isAutomatic = false } = {}) {
      if (!URL.canParse(address)) throw new WebError('address_refused', 'It is not an address.');
      const start = new URL(address);
      if (isAutomatic) {
        await guard.check(start);
        await obeyRobots(start);
      }
      const deadline = startDeadline(timeoutMs);
      const conditions = conditionsOf({ etag, lastModified });
      const { response, url } = await ask(start, { headers: { accept: ACCEPTED, ...conditions }, deadline });
      const isUnchanged = response.status === 304 && Object.keys(conditions).length > 0;
      const problem = isUnchanged ? undefined : problemOf(response, maxBytes);
      if (problem) {
        deadline.abort();
        throw problem;
      }
      const limits = { maxBytes, endsAt: deadline.endsAt, idleMs: IDLE_MS, now };
      const header = (name: string) => response.headers.get(name)?.trim() ?? '';
      return {
        status: response.status,
        url: url.href,
        mediaType: header('content-type'),
        disposition: header('content-disposition'),
        links: header('link'),
        etag: validator(header('etag')),
        lastModified: validator(header('last-modified')),
        body: whole(boundedBody(response.body, limits), declaredLength(response)),
        close: () => deadline.abort(),
      };
    },
  };
}

const ACCEPTED = 'text/html,application/xhtml+xml,application/pdf;q=0.9,*/*;q=0.8';

function conditionsOf({ etag, lastModified }: Pick<WebRequest, 'etag' | 'lastModified'>): Record<string, string> {
  return { ...(etag && { 'if-none-match': etag }), ...(lastModified && { 'if-modified-since': lastModified }) };
}

/** Why an answer cannot be kept, as far as its headers say. */
function problemOf(response: Response, maxBytes: number): WebError | undefined {
  if (!response.ok) return unavailable(response);
  if (response.status === 204) return new WebError('unsupported_answer', 'The site answers without content.');
  const type = response.headers.get('content-type')?.split(';')[0]?.trim() ?? '';
  if (!WANTED_TYPE.test(type)) return unwanted(type);
  if (!READABLE_ENCODING.test(response.headers.get('content-encoding') ?? '')) return unreadable();
  return declaredLength(response) > maxBytes ? tooLarge(maxBytes) : undefined;
}

/** @throws WebError when less arrives than was declared: what is missing would be archived as if it had never been. */
async function* whole(body: AsyncIterable<Uint8Array>, length: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    yield chunk;
  }
  if (bytes < length) throw new WebError('broken_off', 'The answer of the site broke off.', { isTransient: true });
}

/** Bytes that are on their way, where the header says it of what is read; else 0. */
function declaredLength({ headers }: Response): number {
  const isAsSent = /^(|identity)$/i.test(headers.get('content-encoding') ?? '');
  const length = Number(headers.get('content-length') ?? 0);
  return isAsSent && Number.isSafeInteger(length) ? Math.max(0, length) : 0;
}

function targetOf({ headers }: Response, base: URL): URL | undefined {
  const location = headers.get('location');
  if (location === null || !URL.canParse(location, base.href)) return undefined;
  const target = new URL(location, base.href);
  target.hash = '';
  return target;
}

function unavailable({ status, headers }: Response): WebError {
  const failure: WebFailure = `http_${status}`;
  return new WebError(failure, `The site answered ${status}${MEANINGS[status] ?? ''}.`, {
    isTransient: status >= 500 || TRANSIENT.includes(status),
    retryAfterMs: retryAfterMs(headers.get('retry-after')),
  });
}

const MEANINGS: Record<number, string> = {
  401: ': it wants a login',
  402: ': it wants to be paid',
  403: ': it does not let us in',
  404: ': there is no such page',
  410: ': the page is gone for good',
  429: ': it is asked too often',
  451: ': it may not show the page for legal reasons',
};

/** Seconds, or a time; bounded, for the server does not decide how long we remember. */
function retryAfterMs(header: string | null): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d{1,9}$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), MAX_RETRY_AFTER_MS);
}

const MAX_VALIDATOR_CHARACTERS = 500;

/** What is sent back must be small and one line. */
const validator = (header: string) => (header !== '' && header.length <= MAX_VALIDATOR_CHARACTERS ? header : null);

const PLAIN_TYPE = /^[\w.+-]{1,60}\/[\w.+-]{1,60}$/;

const unwanted = (type: string) =>
  new WebError(
    'unsupported_answer',
    `The site answers with ${PLAIN_TYPE.test(type) ? type : 'something'} that cannot be kept as a document.`,
  );

const unreadable = () =>
  new WebError('unsupported_answer', 'The site answers in a compressed form that is not understood.');

function askingFailed(error: unknown): WebError {
  if (error instanceof WebError) return error;
  if (error instanceof TimeoutError || (error instanceof Error && /abort|timeout/i.test(error.name))) return timedOut();
  return new WebError('unreachable', 'The site cannot be reached.', { isTransient: true });
}
