import { createApp } from './app.ts';
import type { Env } from './env.ts';
import { consumeBatch } from './jobs/consume.ts';
import { runSchedule } from './jobs/schedule.ts';
import { createRuntime, type Runtime } from './services.ts';

export { LibraryIndex } from './index-object/library-index.ts';
export { AttemptGuard } from './limit-objects/attempt-guard.ts';
export { RateLimiter } from './limit-objects/rate-limiter.ts';

type Isolate = { runtime: Runtime; app: ReturnType<typeof createApp> };

const isolates = new WeakMap<Env, Isolate>();

/** What lives as long as the isolate: configuration, adapters, caches, and the router. */
function isolateOf(env: Env): Isolate {
  let isolate = isolates.get(env);
  if (!isolate) {
    const runtime = createRuntime(env);
    isolate = { runtime, app: createApp(runtime) };
    isolates.set(env, isolate);
  }
  return isolate;
}

export default {
  fetch: (request, env, context) => isolateOf(env).app.fetch(request, env, context),
  queue: (batch, env, context) => consumeBatch(isolateOf(env).runtime, { batch, context }),
  scheduled: (event, env, context) => runSchedule(isolateOf(env).runtime, { event, context }),
} satisfies ExportedHandler<Env>;
