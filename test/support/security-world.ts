import { env } from 'cloudflare:workers';
import { expect } from 'vitest';
import { SCOPES, type Scope } from '../../src/shared/actor.ts';
import { newApiKey, newUser, type TestUser } from './actors.ts';
import { call } from './app.ts';
import { allRows } from './catalogue.ts';
import { newPasskey } from './factors.ts';
import { jobEnd, uploaded } from './library.ts';
import { pngOf } from './pictures.ts';
import { begun } from './tus.ts';

/** One id of each kind of thing that a user can have, by the path segment that its id follows. */
export type Belongings = Record<string, string>;

export type Inhabitant = TestUser & {
  belongings: Belongings /** Words that stand in all their texts. */;
  canary: string;
};

/** What a name of a path parameter, query parameter or property that is an id refers to. */
const REFERENCES: Record<string, string> = {
  parentId: 'collections',
  parentDocumentId: 'documents',
  versionOf: 'documents',
  items: 'documents',
  feedId: 'resources',
};

/** The kind of thing whose id the name stands for: `documentId` and `documentIds` are documents. */
export const kindOf = (name: string): string => REFERENCES[name] ?? `${name.replace(/Ids?$/, '')}s`;

/** What a path parameter is the id of: what the segment before it names, or the parameter itself if it says more. */
export function kindOfParameter(path: string, parameter: string): string {
  if (parameter !== 'id') return kindOf(parameter);
  const segments = path.split('/');
  return segments[segments.indexOf(`{${parameter}}`) - 1] ?? '';
}

/** A user with one of everything, all of it marked with a word that nobody else has. */
export async function newInhabitant(): Promise<Inhabitant> {
  const canary = `canary${crypto.randomUUID().replaceAll('-', '').slice(0, 12)}`;
  const user = await newUser({ fullName: canary });
  const { token } = user;
  const make = async (path: string, body: unknown) => {
    const made = await call<{ id: string }>(path, { token, body });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    return made.body.id;
  };
  const collections = await make('/v1/collections', { name: `Collection ${canary}` });
  const tags = await make('/v1/tags', { name: `Tag ${canary}` });
  const { document, job } = await uploaded({
    token,
    content: `# Report ${canary}\n\nThe notice period of ${canary} is three months.\n`,
    filename: `${canary}.md`,
    fields: { tags: `Tag ${canary}`, collectionId: collections, metadata: JSON.stringify({ note: canary }) },
  });
  expect(job.status, JSON.stringify(job)).toBe('succeeded');
  // Nobody fetches it: the tests' isolate has no web.
  const added = await call<{ resource: { id: string }; job: { id: string } }>('/v1/resources', {
    token,
    body: { url: `https://example.com/${canary}`, title: `Page of ${canary}`, collectionId: collections },
  });
  expect(added.status, JSON.stringify(added.body)).toBe(202);
  await jobEnd(token, added.body.job.id);
  const { id: keys } = await newApiKey({ token }, ['account:read']);
  const { id: passkeys } = await newPasskey({ token });
  const pictured = await call('/v1/me/avatar', { method: 'PUT', token, body: new Blob([pngOf(1, 1)]).stream() });
  expect(pictured.status, JSON.stringify(pictured.body)).toBe(200);
  const uploads = await begun(user, { size: 1_000, fields: { filename: `${canary}.txt` } });
  const searched = await call(`/v1/search?q=${canary}&mode=keyword`, { token });
  expect(searched.body.items.length, JSON.stringify(searched.body)).toBeGreaterThan(0);
  const clicks = `/v1/queries/${searched.body.queryId}/clicks`;
  expect((await call(clicks, { token, body: { documentId: document.id, rank: 1 } })).status).toBe(204);
  const saved = await make('/v1/saved-searches', { name: `Search ${canary}`, search: { q: canary } });
  const belongings = {
    queries: searched.body.queryId,
    'saved-searches': saved,
    documents: document.id,
    jobs: job.id,
    collections,
    tags,
    resources: added.body.resource.id,
    uploads,
    'api-keys': keys,
    sessions: user.sessionId,
    passkeys,
    'oauth-accounts': await newOauthAccount(user.user.id),
    // Nobody's: none is configured.
    providers: 'no-such-provider',
  };
  return { ...user, belongings, canary };
}

/** An account elsewhere, as signing in with it stores it. */
async function newOauthAccount(userId: string): Promise<string> {
  const id = crypto.randomUUID();
  await env.DB.prepare(
    `insert into oauth_accounts (id, user_id, provider, provider_account_id, sealed_tokens, created_at, updated_at)
     values (?, ?, 'github', ?, 'sealed', 1, 1)`,
  )
    .bind(id, userId, id)
    .run();
  return id;
}

/** Everything that the catalogue holds of a user. */
export async function rowsOf(userId: string) {
  const rows = (await allRows()).filter(({ row }) => [row.owner_id, row.user_id, row.id].includes(userId));
  return rows.map((entry) => JSON.stringify(entry)).sort();
}

/** Waits until no job of the user is under way. */
export async function settled({ token }: Pick<TestUser, 'token'>): Promise<void> {
  const { body } = await call<{ items: { id: string }[] }>('/v1/jobs?limit=200', { token });
  for (const { id } of body.items) await jobEnd(token, id);
}

/** Keys of an administrator: for each scope, one that has every other scope, and one that has only that. */
export async function keysByScope(): Promise<Map<string, { without: string; only: string }>> {
  const { user, password } = await newUser();
  await env.DB.prepare("update users set role = 'admin' where id = ?").bind(user.id).run();
  const { body } = await call<{ session: { accessToken: string } }>('/v1/auth/login', {
    body: { identifier: user.username, password },
  });
  const owner = { token: body.session.accessToken };
  const pairs = SCOPES.map(async (scope: Scope) => {
    const without = await newApiKey(
      owner,
      SCOPES.filter((other) => other !== scope),
    );
    const only = await newApiKey(owner, [scope]);
    return [scope, { without: without.key, only: only.key }] as const;
  });
  return new Map(await Promise.all(pairs));
}

/** Credentials that were good once, or never. */
export async function deadCredentials(): Promise<Record<string, string | undefined>> {
  const [expired, left, refreshing] = await Promise.all([newUser(), newUser(), newUser()]);
  await env.DB.prepare('update user_sessions set access_expires_at = ? where id = ?')
    .bind(Date.now() - 1, expired.sessionId)
    .run();
  const revoked = await newApiKey(
    left,
    SCOPES.filter((scope) => scope !== 'admin'),
  );
  await call(`/v1/api-keys/${revoked.id}`, { method: 'DELETE', token: left.token });
  await call('/v1/auth/logout', { method: 'POST', token: left.token });
  return {
    none: undefined,
    garbage: 'garbage',
    'made-up access token': `cpa_${'A'.repeat(43)}`,
    'made-up API key': `cp_${'A'.repeat(43)}`,
    'expired access token': expired.token,
    'ended session': left.token,
    'revoked API key': revoked.key,
    'refresh token': refreshing.refreshToken,
  };
}

/** A column that is an id, or a list of ids. What people wrote themselves (the filter of a search, say) is neither. */
const IDS = /^(\[")?[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/;

/** Rows of one user that name a row of another's. */
export async function crossOwnerLinks(): Promise<string[]> {
  // The audit log belongs to nobody, and says who reached for whose things.
  const rows = (await allRows()).filter(({ table }) => table !== 'audit_logs');
  const ownerOf = ({ row }: (typeof rows)[number]) => String(row.owner_id ?? row.user_id ?? row.id);
  const owners = new Map(rows.flatMap((entry) => (entry.row.id ? [[String(entry.row.id), ownerOf(entry)]] : [])));
  return rows.flatMap((entry) => {
    const named = Object.values(entry.row).flatMap((value) =>
      IDS.test(String(value)) ? String(value).split('"') : [],
    );
    return named
      .filter((id) => owners.has(id) && owners.get(id) !== ownerOf(entry))
      .map((id) => `${entry.table} of ${ownerOf(entry)} names ${id} of ${owners.get(id)}`);
  });
}

/** Actions of requests that the audit log has both as refused and as having taken effect. */
export async function refusedAndCommitted(): Promise<string[]> {
  const rows = (await allRows()).flatMap(({ table, row }) => (table === 'audit_logs' ? [row] : []));
  const outcomes = Map.groupBy(rows, (row) => `${row.action} ${row.request_id}`);
  const both = [...outcomes].filter(([, left]) => new Set(left.map(({ outcome }) => outcome)).size > 1);
  return [...new Set(both.map(([name]) => name.split(' ')[0] ?? ''))];
}
