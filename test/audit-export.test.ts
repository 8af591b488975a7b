import { env } from 'cloudflare:workers';
import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { newUser, type TestUser } from './support/actors.ts';
import { call, send } from './support/app.ts';
import { type AuditEntry, newAdmin } from './support/audit.ts';
import { tick } from './support/cron.ts';
import { addEntries, entryAt } from './support/synthetic-entries.ts';

const GENESIS = '0'.repeat(64);
const START = Date.UTC(2020, 0, 1);
const REQUEST = '-cmd-1:exec.calc';

let admin: TestUser;
let user: TestUser;
beforeAll(async () => {
  await addEntries(
    Array.from({ length: 1_700 }, (_, i) =>
      entryAt(START + i, { action: `synthetic.${i % 3}`, details: JSON.stringify({ at: i, kind: '"a",b' }) }),
    ),
  );
  admin = await newAdmin();
  user = await newUser();
  await call('/v1/tags', { token: user.token, body: { name: 'One' }, headers: { 'x-request-id': REQUEST } });
  await tick();
});

async function exported(query: string): Promise<{ type: string; text: string }> {
  const response = await send(`/v1/admin/audit-logs/export?${query}`, admin);
  expect(response.status).toBe(200);
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { type: response.headers.get('content-type') ?? '', text: new TextDecoder().decode(bytes) };
}

const linesOf = (text: string): AuditEntry[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

/** As the API's description says it, and with nothing of the Worker's own. */
const hashOf = ({ previousHash, hash: _, ...values }: AuditEntry) =>
  createHash('sha256')
    .update(`${previousHash}\n${JSON.stringify(Object.values(values))}`)
    .digest('hex');

/** Records of RFC 4180 whose cells are all quoted or empty. */
function parseCsv(text: string): string[][] {
  const rows = text.split('\r\n').slice(0, -1);
  return rows.map((row) =>
    [...row.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|(?=,|$))/g)].map(([, cell]) => (cell ?? '').replaceAll('""', '"')),
  );
}

describe('an export in lines of JSON', () => {
  it('is the whole log, oldest first, and can be verified by anyone', async () => {
    const { type, text } = await exported('');
    expect(type).toBe('application/x-ndjson; charset=utf-8');
    const entries = linesOf(text).filter(({ hash }) => hash !== null);
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => index + 1));
    expect(entries.length).toBeGreaterThan(1_700);
    let previous = GENESIS;
    for (const entry of entries) {
      expect(entry.previousHash).toBe(previous);
      expect(hashOf(entry)).toBe(entry.hash);
      previous = entry.hash ?? '';
    }
  });

  it('takes the filters of the list', async () => {
    const only = linesOf((await exported('actionPrefix=synthetic.&outcome=succeeded')).text);
    expect(only).toHaveLength(1_700);
    expect(only.every((entry) => hashOf(entry) === entry.hash)).toBe(true);
    expect(linesOf((await exported('action=synthetic.1')).text)).toHaveLength(567);
    expect(linesOf((await exported(`actorId=${user.user.id}`)).text).map(({ action }) => action)).toEqual([
      'auth.register',
      'createTag',
    ]);
    expect((await exported('action=nothing')).text).toBe('');
  });
});

describe('an export as CSV', () => {
  it('has the same in a table', async () => {
    const { type, text } = await exported('format=csv&actionPrefix=synthetic.');
    expect(type).toContain('text/csv');
    const [header = [], ...rows] = parseCsv(text);
    const entries = linesOf((await exported('actionPrefix=synthetic.')).text);
    expect(header).toEqual(Object.keys(entries[0] ?? {}));
    const asText = (value: unknown) => {
      if (value === null) return '';
      return typeof value === 'object' ? JSON.stringify(value) : String(value);
    };
    expect(rows).toEqual(entries.map((entry) => Object.values(entry).map(asText)));
  });

  it('has no cell that a spreadsheet would compute', async () => {
    const { text } = await exported(`format=csv&requestId=${REQUEST}`);
    expect(text).toContain(`"'${REQUEST}"`);
    for (const row of parseCsv((await exported('format=csv')).text)) {
      for (const cell of row) expect(cell).not.toMatch(/^[=+\-@\t\r]/);
    }
  });
});

describe('the stream', () => {
  it('reads on only as fast as it is taken, and stops when nobody takes it', async () => {
    let batches = 0;
    const DB = new Proxy(env.DB, {
      get(target, property) {
        if (property !== 'withSession') return Reflect.get(target, property);
        return (start?: string) => {
          const session = target.withSession(start);
          const batch: typeof session.batch = (statements) => {
            batches += 1;
            return session.batch(statements);
          };
          return { prepare: (sql: string) => session.prepare(sql), getBookmark: () => session.getBookmark(), batch };
        };
      },
    });
    const bindings = { ...env, DB };
    await call('/v1/me', { ...admin, bindings });
    batches = 0;
    const response = await send('/v1/admin/audit-logs/export?action=synthetic.1', { ...admin, bindings });
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    // Two pages at most, the entry of the export itself, and what seals it.
    expect(batches).toBeLessThanOrEqual(5);
  });

  it.each(['format=xml', 'outcome=perhaps', 'from=x'])('refuses %s', async (query) => {
    expect((await call(`/v1/admin/audit-logs/export?${query}`, admin)).status).toBe(422);
  });
});
