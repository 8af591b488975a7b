export type Recorded = { database: D1Database; statements: Set<string> };

const originals = new WeakMap<object, D1Database>();

/** Notes the text of every statement prepared on the DB binding from now on. */
export function recordStatements(env: { DB: D1Database }): Recorded {
  const database = env.DB;
  const statements = new Set<string>();
  const recording = <S extends Pick<D1Database, 'prepare'>>(source: S): S =>
    new Proxy(source, {
      get(target, property) {
        if (property === 'prepare') {
          return (sql: string) => {
            statements.add(sql);
            return target.prepare(sql);
          };
        }
        const value: unknown = Reflect.get(target, property);
        if (typeof value !== 'function') return value;
        if (property === 'withSession') return (start?: string) => recording(database.withSession(start));
        return value.bind(target);
      },
    });
  env.DB = recording(database);
  originals.set(env.DB, database);
  return { database, statements };
}

/** The same database for what a test itself asks, which need not be fast. */
export function unrecorded(database: D1Database): D1Database {
  return originals.get(database) ?? database;
}
