import { withTimeout } from '../shared/attempts.ts';
import type { Breaker } from '../shared/breaker.ts';
import { retryRead } from './retry.ts';

/** What one request or job has cost the database. */
export type Meter = {
  /** Calls over the network. A batch is one. */
  roundTrips: number;
  statements: number;
  rowsRead: number;
  rowsWritten: number;
  /** Wall time spent waiting for the database. */
  waitMs: number;
};

export function createMeter(): Meter {
  return { roundTrips: 0, statements: 0, rowsRead: 0, rowsWritten: 0, waitMs: 0 };
}

/** The part of D1 that both the database and its sessions have. */
type D1Source = Pick<D1Database, 'prepare' | 'batch'>;

type MeteredOptions = { meter: Meter; breaker: Breaker; timeoutMs: number };

const READ = /^\s*(select|with)\b/i;
const WRITE_AFTER_WITH = /\b(insert|update|delete|replace)\b/i;

/** Whether a statement only reads. One that begins with WITH may write; in doubt it counts as a write. */
export const onlyReads = (sql: string) => READ.test(sql) && (!/^\s*with/i.test(sql) || !WRITE_AFTER_WITH.test(sql));

/**
 * Wraps D1 so that each call is counted, ends in time, fails fast while the database is down, and is tried again when
 * it only reads. Writes are not retried here: only their caller knows whether they are idempotent.
 */
export function createMeteredD1(source: D1Source, options: MeteredOptions): D1Database {
  const originals = new WeakMap<D1PreparedStatement, { statement: D1PreparedStatement; sql: string }>();

  const execute = async (statements: D1PreparedStatement[], readsOnly: boolean): Promise<D1Result[]> => {
    const attempt = () =>
      options.breaker.run(() =>
        withTimeout(
          measure(options.meter, () => source.batch(statements)),
          options.timeoutMs,
        ),
      );
    const results = await (readsOnly ? retryRead(attempt) : attempt());
    for (const { meta } of results) {
      options.meter.statements += 1;
      options.meter.rowsRead += meta.rows_read;
      options.meter.rowsWritten += meta.rows_written;
    }
    return results;
  };

  const wrap = (statement: D1PreparedStatement, sql: string): D1PreparedStatement => {
    const runOne = async () => {
      const [result] = await execute([statement], onlyReads(sql));
      if (!result) throw new Error('The database answered a statement with nothing.');
      return result;
    };
    const wrapped = {
      bind: (...values: unknown[]) => wrap(statement.bind(...values), sql),
      run: runOne,
      all: runOne,
      // Rows come back as objects because only those carry the counts; so joined columns need names of their own.
      raw: async () => (await runOne()).results.map((row) => Object.values(row as Record<string, unknown>)),
      first: () => unsupported('first'),
    } as unknown as D1PreparedStatement;
    originals.set(wrapped, { statement, sql });
    return wrapped;
  };

  const batch = (statements: D1PreparedStatement[]) => {
    const known = statements.map((statement) => originals.get(statement));
    const inner = known.map((entry) => entry?.statement ?? unsupported('foreign statements in a batch'));
    return execute(
      inner,
      known.every((entry) => entry !== undefined && onlyReads(entry.sql)),
    );
  };

  return {
    prepare: (sql: string) => wrap(source.prepare(sql), sql),
    batch: batch as D1Database['batch'],
    exec: () => unsupported('exec'),
    dump: () => unsupported('dump'),
    withSession: () => unsupported('withSession'),
  };
}

function unsupported(what: string): never {
  throw new Error(`The metered database does not offer ${what}.`);
}

async function measure<T>(meter: Meter, call: () => Promise<T>): Promise<T> {
  const start = performance.now();
  meter.roundTrips += 1;
  try {
    return await call();
  } finally {
    meter.waitMs += performance.now() - start;
  }
}
