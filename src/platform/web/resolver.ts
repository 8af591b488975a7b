import { z } from 'zod';
import { withTimeout } from '../../shared/attempts.ts';
import { boundedText } from './bounded-body.ts';
import { WebError } from './web.ts';

/** Looks names up. */
export type Resolver = {
  /** Every address that the name has now. @throws WebError when it has none, or nobody can tell. */
  addressesOf(name: string): Promise<string[]>;
};

const TIMEOUT_MS = 5_000;
const MAX_ANSWER_BYTES = 64 * 1024;
const NO_SUCH_NAME = 3;
/** Types of records, by their numbers. */
const ADDRESS_RECORDS = { A: 1, AAAA: 28 };

const answerSchema = z.object({
  Status: z.number(),
  Answer: z.array(z.object({ type: z.number(), data: z.string() })).default([]),
});

/** DNS over HTTPS, in the JSON form that Cloudflare (`/dns-query`) and Google (`/resolve`) answer. */
export function createDnsOverHttps({ url, fetch: given }: { url: string; fetch?: typeof fetch }): Resolver {
  const request = given ?? ((input: string, init: RequestInit) => fetch(input, init));

  const ask = async (name: string, type: keyof typeof ADDRESS_RECORDS): Promise<string[]> => {
    const question = new URL(url);
    question.searchParams.set('name', name);
    question.searchParams.set('type', type);
    const response = await request(question.href, {
      headers: { accept: 'application/dns-json' },
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const { Status: status, Answer: records } = answerSchema.parse(
      JSON.parse(await boundedText(response, MAX_ANSWER_BYTES)),
    );
    if (status === NO_SUCH_NAME) return [];
    if (status !== 0) throw new Error(`The resolver answered ${status}.`);
    return records.filter((record) => record.type === ADDRESS_RECORDS[type]).map((record) => record.data);
  };

  return {
    async addressesOf(name) {
      const found = await withTimeout(Promise.all([ask(name, 'A'), ask(name, 'AAAA')]), TIMEOUT_MS).catch(() => {
        throw new WebError('unreachable', 'The name of the site could not be looked up.', { isTransient: true });
      });
      const addresses = found.flat();
      if (addresses.length === 0) throw new WebError('host_not_found', 'There is no site of that name.');
      return addresses;
    },
  };
}
