import { type AttemptPolicy, retry, TimeoutError, withTimeout } from '../../shared/attempts.ts';
import { readTextAtMost } from '../../shared/bounded-body.ts';
import { BreakerOpenError, createBreaker } from '../../shared/breaker.ts';
import { ProviderError } from './identity-provider.ts';

export type EgressOptions = {
  /** Whose addresses these are, for messages. */
  name: string;
  /** Also `http:`, as on one machine; otherwise `https:` only. */
  allowsHttp: boolean;
  now: () => number;
  policy?: Partial<Omit<AttemptPolicy, 'isTransient'>> | undefined;
  fetch?: typeof fetch | undefined;
};

/** The provider's answer: JSON, or undefined for what is none. */
export type ProviderAnswer = { status: number; body: unknown };

export type Egress = {
  /** Whether requests may go there. */
  allows(address: string): boolean;
  /** Reads; tried again when that may help. @throws ProviderError */
  get(address: string, headers?: Record<string, string>): Promise<ProviderAnswer>;
  /** Sends a form, once: a code is good for one try. @throws ProviderError */
  post(address: string, form: URLSearchParams, headers?: Record<string, string>): Promise<ProviderAnswer>;
};

const POLICY = { attempts: 2, timeoutMs: 5_000, firstDelayMs: 100 };
const BREAKER_THRESHOLD_FAILURES = 5;
const BREAKER_COOL_DOWN_MS = 30_000;
/** Far above any provider's keys or metadata. */
const MAX_ANSWER_BYTES = 256 * 1024;
const TOO_MANY_REQUESTS = 429;
/** GitHub answers nobody who does not say who they are. */
const HEADERS = { accept: 'application/json', 'user-agent': 'commonplace' };

/**
 * Requests to one provider: no redirects, a time-out, a bound on what is read, and a breaker. Addresses come from the
 * configuration or from what the configured issuer publishes, never from a request.
 */
export function createEgress({ name, allowsHttp, now, fetch: given, policy }: EgressOptions): Egress {
  const request = given ?? ((input: string, init: RequestInit) => fetch(input, init));
  const { timeoutMs, ...retries } = { ...POLICY, ...policy, isTransient };
  const breaker = createBreaker({
    name,
    threshold: BREAKER_THRESHOLD_FAILURES,
    coolDownMs: BREAKER_COOL_DOWN_MS,
    now,
    counts: isTransient,
  });

  const allows = (address: string): boolean => {
    if (!URL.canParse(address)) return false;
    const { protocol, username, password } = new URL(address);
    const isAllowed = protocol === 'https:' || (allowsHttp && protocol === 'http:');
    return isAllowed && username === '' && password === '';
  };

  const exchange = async (address: string, init: RequestInit): Promise<ProviderAnswer> => {
    const response = await request(address, { ...init, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) });
    const { status } = response;
    if (status >= 500 || status === TOO_MANY_REQUESTS) {
      await response.body?.cancel();
      throw new ProviderError('unavailable', `${name} answered ${status}.`);
    }
    if (status >= 300 && status < 400) {
      await response.body?.cancel();
      throw new ProviderError('misconfigured', `${name} answered ${status}: redirects are not followed.`);
    }
    return { status, body: parseJson(await boundedText(response, name)) };
  };

  const send = async (address: string, init: RequestInit): Promise<ProviderAnswer> => {
    if (!allows(address)) throw new ProviderError('misconfigured', `${name} has an address that may not be called.`);
    try {
      return await withTimeout(exchange(address, init), timeoutMs);
    } catch (error) {
      if (error instanceof ProviderError || error instanceof TimeoutError) throw error;
      throw new ProviderError('unavailable', `${name} cannot be reached.`);
    }
  };

  const guarded = async (call: () => Promise<ProviderAnswer>): Promise<ProviderAnswer> => {
    try {
      return await breaker.run(call);
    } catch (error) {
      if (error instanceof TimeoutError || error instanceof BreakerOpenError) {
        throw new ProviderError('unavailable', `${name}: ${error.message}`);
      }
      throw error;
    }
  };

  return {
    allows,
    get: (address, headers) =>
      guarded(() => retry(() => send(address, { headers: { ...HEADERS, ...headers } }), retries)),
    post: (address, form, headers) =>
      guarded(() => send(address, { method: 'POST', headers: { ...HEADERS, ...headers }, body: form })),
  };
}

const isTransient = (error: unknown) =>
  error instanceof TimeoutError || (error instanceof ProviderError && error.failure === 'unavailable');

async function boundedText({ body }: Response, name: string): Promise<string> {
  const text = await readTextAtMost(body, MAX_ANSWER_BYTES);
  if (text === undefined) throw new ProviderError('misconfigured', `${name} answered too much.`);
  return text;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
