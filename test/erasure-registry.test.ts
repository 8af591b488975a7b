import { env } from 'cloudflare:workers';
import { getTableConfig } from 'drizzle-orm/sqlite-core';
import { describe, expect, it } from 'vitest';
import { KEPT_TABLES, OWNER_COLUMNS } from '../src/modules/erasure/owner-columns.ts';
import { columnsOf, foreignKeysOf, listTables } from './support/catalogue-schema.ts';
import { unrecorded } from './support/statement-recorder.ts';

const database = unrecorded(env.DB);

/** Where `GET /v1/me/export` has the rows of each table, or why it has not. */
const EXPORTED: Record<string, string> = {
  users: 'account.json',
  user_sessions: 'sessions.json',
  api_keys: 'api-keys.json',
  documents: 'documents/',
  document_versions: 'documents/: versions/',
  document_fingerprints: 'derived from the documents, of no use elsewhere',
  fingerprint_bands: 'parts of those',
  collections: 'collections.json',
  collection_items: 'documents/: collectionIds',
  tags: 'tags.json',
  document_tags: 'documents/: tags',
  resources: 'resources.ndjson',
  queries: 'queries.ndjson',
  query_results: 'queries.ndjson: results',
  saved_searches: 'saved-searches.json',
  search_days: 'numbers of everybody’s searches',
  processing_jobs: 'jobs.ndjson',
  job_turns: 'whose turn it is to have a job run',
  dead_letters: 'messages of the queue that came to nothing',
  analysis_results: 'documents/: analyses.json',
  uploads: 'files that have not arrived yet; listed at /v1/uploads',
  upload_parts: 'what the archive calls the parts of those',
  verifications: 'nothing but hashes of tokens that were mailed',
  idempotency_keys: 'nothing but hashes of requests and answers that only their sender can open',
  erasures: 'is about accounts that are gone',
  two_factors: 'account.json: twoFactorEnabled; the secret is no one’s to read',
  recovery_codes: 'nothing but hashes',
  login_tickets: 'nothing but hashes of tickets that last minutes',
  passkeys: 'public keys of one installation, of no use elsewhere; listed at /v1/me/passkeys',
  passkey_challenges: 'random numbers that last minutes',
  oauth_accounts: 'the provider’s tokens; listed at /v1/me/oauth-accounts',
  oauth_states: 'nothing but hashes that last minutes',
  oauth_codes: 'nothing but hashes that last minutes',
  limit_events: 'what administrators see of limits for some hours',
  user_terms: 'words of account.json',
  user_statistics: 'numbers of accounts',
  system_settings: 'the installation’s',
  audit_logs: 'ids and keyed hashes; one’s own part at /v1/me/security-events',
  audit_seals: 'hashes of those',
};

const listed = OWNER_COLUMNS.map((column) => `${getTableConfig(column.table).name}.${column.name}`);
const emptied = OWNER_COLUMNS.map((column) => getTableConfig(column.table).name);

/** Tables of the real schema, and what of them refers to what. */
const tables = (await listTables(database)).map(({ name }) => name);
const keys = (await Promise.all(tables.map((table) => foreignKeysOf(database, table))))
  .flat()
  // What only mentions a user forgets them with their row.
  .filter(({ onDelete }) => onDelete !== 'SET NULL');

describe('the list of what an erasure empties', () => {
  it('has every table, or says why one is kept', () => {
    const known = new Set([...emptied, ...Object.keys(KEPT_TABLES)]);
    const forgotten = tables.filter((table) => !known.has(table));
    expect(forgotten, 'add their owner to src/modules/erasure/owner-columns.ts').toEqual([]);
    expect([...known].filter((table) => !tables.includes(table))).toEqual([]);
    expect(emptied.filter((table) => table in KEPT_TABLES)).toEqual([]);
  });

  it('has every column that refers to a user', () => {
    const toUsers = keys.filter(({ parent, columns }) => parent === 'users' && columns.length === 1);
    const columns = toUsers.map(({ table, columns: [column] }) => `${table}.${column}`);
    expect(columns.length).toBeGreaterThan(5);
    expect(columns.filter((column) => !listed.includes(column))).toEqual([]);
  });

  it('has every column that is named as an owner, also without a foreign key', async () => {
    const all = await Promise.all(
      tables.map(async (table) => (await columnsOf(database, table)).map(({ name }) => `${table}.${name}`)),
    );
    const owners = all.flat().filter((column) => /\.(owner|user|member|actor|author)_id$/.test(column));
    const kept = (column: string) => (column.split('.')[0] ?? '') in KEPT_TABLES;
    expect(owners.filter((column) => !listed.includes(column) && !kept(column))).toEqual([]);
  });

  it('has what refers to others before them, so that no cascade does what should be done in pieces', () => {
    const place = (table: string) => emptied.indexOf(table);
    const among = keys.filter(({ table, parent }) => table !== parent && emptied.includes(parent));
    expect(among.length).toBeGreaterThan(3);
    expect(among.filter(({ table, parent }) => place(table) > place(parent))).toEqual([]);
  });

  it('keeps nothing that would keep a user', () => {
    const referring = keys.filter(({ table, parent }) => parent === 'users' && table in KEPT_TABLES);
    expect(referring).toEqual([]);
  });
});

describe('the archive that people can take along', () => {
  it('has every table, or a reason why not', () => {
    expect(tables.filter((table) => !(table in EXPORTED))).toEqual([]);
  });
});
