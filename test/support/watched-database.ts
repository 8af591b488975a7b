/**
 * A database of which each call is announced before it is made, but for those by which an isolate reads the settings,
 * now and then, beside a request.
 */
export function watchedDatabase(database: D1Database, beforeCall: () => Promise<unknown>): D1Database {
  const watched = (session: D1DatabaseSession): D1DatabaseSession => {
    let isOfSettings = false;
    return {
      prepare: (sql) => {
        isOfSettings = /^select .* from "system_settings"/.test(sql);
        return session.prepare(sql);
      },
      getBookmark: () => session.getBookmark(),
      batch: async (statements) => {
        if (!isOfSettings) await beforeCall();
        return session.batch(statements);
      },
    };
  };
  return new Proxy(database, {
    get(target, property) {
      if (property === 'withSession') return (start?: string) => watched(target.withSession(start));
      const value: unknown = Reflect.get(target, property);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
