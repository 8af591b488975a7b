import { env } from 'cloudflare:workers';

export type Isolate = { bindings: typeof env /** How often a store was called. */; calls: () => number };

/**
 * An isolate of the Worker that dies at its n-th call of a store (from 0): that call and every later one have no effect
 * and no answer but an error. What it was about to do when it died, it has not done.
 */
export const isolateThatDies = (atCall: number): Isolate =>
  isolateWith((calls) => {
    if (calls > atCall) throw new Error('The isolate is dead.');
    return undefined;
  });

/** An isolate in which something happens just before its n-th call of a store (from 0). */
export const isolateInterrupted = (atCall: number, happens: () => Promise<unknown>): Isolate =>
  isolateWith((calls) => (calls === atCall + 1 ? happens() : undefined));

/** An isolate whose calls of stores are announced, by their number from 1, before they are made. */
function isolateWith(beforeCall: (calls: number) => Promise<unknown> | undefined): Isolate {
  let calls = 0;

  const live = (call: (...args: unknown[]) => unknown) => {
    return (...args: unknown[]): unknown => {
      calls += 1;
      const before = beforeCall(calls);
      return before ? before.then(() => call(...args)) : call(...args);
    };
  };

  /** Everything asynchronous that the object offers, as long as the isolate lives. */
  const mortal = <T extends object>(target: T, wrap: (name: string, value: unknown) => unknown): T =>
    new Proxy(target, {
      get(source, property) {
        const value: unknown = Reflect.get(source, property);
        if (typeof value !== 'function') return value;
        // Not by `bind`: on the stub of an object, that too would be a call to it.
        return wrap(String(property), (...args: unknown[]) => Reflect.apply(value, source, args));
      },
    });

  const every = (_: string, value: unknown) => (typeof value === 'function' ? live(value as () => unknown) : value);
  const objects = <T extends object>(namespace: T): T =>
    mortal(namespace, (name, value) => {
      if (name !== 'get' || typeof value !== 'function') return value;
      return (id: unknown) => mortal<object>(value(id), every);
    });
  const database = mortal(env.DB, (name, value) => {
    if (name !== 'withSession' || typeof value !== 'function') return value;
    return (start?: string) =>
      mortal<object>(value(start), (method, call) => (method === 'batch' ? every(method, call) : call));
  });

  const variables: Record<string, unknown> = {
    DB: database,
    FILES: mortal(env.FILES, every),
    LIBRARY_INDEX: objects(env.LIBRARY_INDEX),
    RATE_LIMITER: objects(env.RATE_LIMITER),
    ATTEMPT_GUARD: objects(env.ATTEMPT_GUARD),
  };
  return { bindings: { ...env, ...variables }, calls: () => calls };
}
