import { randomFrom } from '../../scripts/random.ts';
import type { Env } from '../../src/env.ts';
import worker from '../../src/index.ts';

/**
 * The Worker with a database and an archive that fail for a while when they are told to: `POST /faults?forMs=…&share=…`.
 * Half of what fails has taken effect nevertheless, which its caller cannot know. `GET /faults` says how much has failed.
 */

export { AttemptGuard, LibraryIndex, RateLimiter } from '../../src/index.ts';

const SEED = 20_261_201;
const random = randomFrom(SEED);
const failing = { until: 0, share: 0 };
const failed = { database: 0, archive: 0 };

type Store = keyof typeof failed;

/** As the platform words what passes. */
const MESSAGES: Record<Store, string> = {
  database: 'D1_ERROR: Network connection lost.',
  archive: 'We encountered an internal error. Please try again. (10001)',
};

async function unreliable<T>(store: Store, call: () => Promise<T>): Promise<T> {
  if (Date.now() > failing.until || random() >= failing.share) return call();
  failed[store] += 1;
  if (random() < 0.5) await call();
  throw new Error(MESSAGES[store]);
}

const ASYNCHRONOUS = /^(batch|head|get|put|delete|list|createMultipartUpload)$/;

/** The binding with the calls that go over the network made unreliable; all others as they are. */
const spoil = <T extends object>(store: Store, binding: T): T =>
  new Proxy(binding, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      const call = (...parameters: unknown[]) => Reflect.apply(value, target, parameters);
      if (name === 'withSession') return (...parameters: unknown[]) => spoil(store, call(...parameters));
      if (typeof name !== 'string' || !ASYNCHRONOUS.test(name)) return call;
      return (...parameters: unknown[]) => unreliable(store, () => call(...parameters));
    },
  });

const spoiled = new WeakMap<Env, Env>();

/** One for each isolate, for which the Worker keeps what lives as long. */
function spoiledOf(env: Env): Env {
  const known = spoiled.get(env) ?? { ...env, DB: spoil('database', env.DB), FILES: spoil('archive', env.FILES) };
  spoiled.set(env, known);
  return known;
}

function control({ method, url }: Request): Response {
  if (method === 'POST') {
    const { searchParams } = new URL(url);
    failing.until = Date.now() + Number(searchParams.get('forMs'));
    failing.share = Number(searchParams.get('share'));
  }
  return Response.json(failed);
}

export default {
  fetch: (request, env, context) =>
    new URL(request.url).pathname === '/faults' ? control(request) : worker.fetch(request, spoiledOf(env), context),
  queue: (batch, env, context) => worker.queue(batch, spoiledOf(env), context),
  scheduled: (event, env, context) => worker.scheduled(event, spoiledOf(env), context),
} satisfies ExportedHandler<Env>;
