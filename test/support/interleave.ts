import { env } from 'cloudflare:workers';

/**
 * Lets something happen just before the given database call (from 1) of the request that `during` makes: what another
 * request would do there if it were unlucky.
 */
export async function interleave<T>(
  during: () => Promise<T>,
  { beforeCall, happens }: { beforeCall: number; happens: () => Promise<unknown> },
): Promise<T> {
  const database = env.DB;
  let calls = 0;
  const intercepted = (session: D1DatabaseSession): D1DatabaseSession => {
    // Now and then an isolate reads the settings again, beside the request.
    let isOfSettings = false;
    return {
      prepare: (sql) => {
        isOfSettings = /^select .* from "system_settings"/.test(sql);
        return session.prepare(sql);
      },
      getBookmark: () => session.getBookmark(),
      batch: async (statements) => {
        if (!isOfSettings) calls += 1;
        if (!isOfSettings && calls === beforeCall) await happens();
        return session.batch(statements);
      },
    };
  };
  env.DB = new Proxy(database, {
    get(target, property) {
      if (property === 'withSession') return (start?: string) => intercepted(target.withSession(start));
      const value: unknown = Reflect.get(target, property);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  try {
    return await during();
  } finally {
    env.DB = database;
  }
}
