import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { ApiError, type Client, createClient } from '../client.ts';
import type { Operation } from './description.ts';
import type { Dice } from './dice.ts';
import { OMIT } from './draft.ts';
import type { JsonSchema } from './json-schema.ts';
import { type Known, madeUpId, suffix } from './values.ts';

/** Somebody with one of everything, all of it marked. */
export type Person = {
  id: string;
  username: string;
  password: string;
  client: Client;
  /** A word in all their texts that strangers may look for. */
  bait: string;
  /** A word beside it that strangers never say. */
  secret: string;
  /** Ids by kind, which is the path segment that they follow. */
  belongings: Map<string, string>;
};

export type Credentials = Pick<Person, 'username' | 'password'>;

export type World = {
  ada: Person;
  bob: Person;
  /** Somebody whose credentials may be used up. */
  victim: Person;
  /** Who calls what only administrators may; without one, such operations are asked for in vain. */
  admin?: Person | undefined;
  /** What answers have shown: tokens by their prefix, and cursors by the path of their list. */
  seen: { tokens: Map<string, string[]>; cursors: Map<string, string> };
};

const idSchema = z.object({ id: z.string() });
const uploadedSchema = z.object({ document: idSchema, job: idSchema });
const addedSchema = z.object({ resource: idSchema });
const searchedSchema = z.object({ queryId: z.string() });
const sessionSchema = z.object({ user: idSchema, session: idSchema.extend({ accessToken: z.string() }) });
const documentSchema = z.object({ status: z.string() });

const READY_PATIENCE_MS = 20_000;

/** How each kind of thing is made; a kind that is not here has ids of nothing. */
const MAKERS: Record<string, (person: Person, dice: Dice) => Promise<[kind: string, id: string][]>> = {
  collections: async (person, dice) => [
    ['collections', await post(person, '/v1/collections', { name: title(person, dice) })],
  ],
  tags: async (person, dice) => [['tags', await post(person, '/v1/tags', { name: title(person, dice) })]],
  'api-keys': async (person, dice) => {
    const body = { name: title(person, dice), scopes: ['account:read'] };
    return [['api-keys', await post(person, '/v1/api-keys', body)]];
  },
  documents: async (person, dice) => {
    const bytes = `# ${title(person, dice)}\n\nThe notice period of ${person.bait} is three months: ${person.secret}.\n`;
    const file = { name: `${person.secret}.md`, bytes, type: 'text/markdown' };
    const { document } = uploadedSchema.parse(await person.client.upload(file, { title: title(person, dice) }));
    // With something that it was before.
    const form = new FormData();
    form.append('file', new Blob([`${bytes}\nA second edition.\n`], { type: file.type }), file.name);
    const { body } = await person.client.call(`/v1/documents/${document.id}/content`, { method: 'PUT', form });
    return [
      ['documents', document.id],
      ['jobs', uploadedSchema.parse(body).job.id],
    ];
  },
  uploads: async (person) => {
    const filename = Buffer.from(`${person.secret}.txt`).toString('base64');
    const headers = { 'tus-resumable': '1.0.0', 'upload-length': '1000', 'upload-metadata': `filename ${filename}` };
    const { body } = await person.client.call('/v1/uploads', { method: 'POST', headers });
    return [['uploads', idSchema.parse(body).id]];
  },
  // Nothing is fetched: a server on this machine has no web unless it is told of one.
  resources: async (person, dice) => {
    const json = { url: `https://example.com/${suffix(dice)}`, title: title(person, dice) };
    const { body } = await person.client.call('/v1/resources', { json });
    return [['resources', addedSchema.parse(body).resource.id]];
  },
  queries: async (person) => {
    const { body } = await person.client.call(`/v1/search?q=${person.secret}&mode=keyword`);
    const { queryId } = searchedSchema.parse(body);
    // It is written a moment after the answer, for which a judgement waits.
    const json = { relevanceScore: 0.5 };
    await person.client.call(`/v1/queries/${queryId}/feedback`, { method: 'POST', json });
    return [['queries', queryId]];
  },
  'saved-searches': async (person, dice) => {
    const search = { q: person.secret };
    return [['saved-searches', await post(person, '/v1/saved-searches', { name: title(person, dice), search })]];
  },
  jobs: async (person, dice) => make(person, 'documents', dice),
  sessions: async ({ username: identifier, password, client }) => {
    const { body } = await client.call('/v1/auth/login', { json: { identifier, password } });
    return [['sessions', sessionSchema.parse(body).session.id]];
  },
};

/** Nothing while the address is locked out of logging in, as fuzzing makes it sooner or later. */
async function make(person: Person, kind: string, dice: Dice): Promise<[kind: string, id: string][]> {
  try {
    return (await MAKERS[kind]?.(person, dice)) ?? [];
  } catch (error) {
    if (error instanceof ApiError && error.status === 429) return [];
    throw error;
  }
}

const title = ({ bait, secret }: Person, dice: Dice) => `${bait} ${secret} ${suffix(dice)}`;

async function post(person: Person, path: string, json: unknown): Promise<string> {
  const { body } = await person.client.call(path, { json });
  return idSchema.parse(body).id;
}

/** Two people who have nothing in common, and one to be used up. */
export async function createWorld(baseUrl: string, dice: Dice): Promise<World> {
  const [ada, bob] = [await newInhabitant(baseUrl, dice), await newInhabitant(baseUrl, dice)];
  return { ada, bob, victim: await newPerson(baseUrl, dice), seen: { tokens: new Map(), cursors: new Map() } };
}

/** Somebody who is there already, such as an administrator, whom no call can make. */
export async function knownPerson(baseUrl: string, { username, password }: Credentials): Promise<Person> {
  const { body } = await createClient(baseUrl).call('/v1/auth/login', { json: { identifier: username, password } });
  const { user, session } = sessionSchema.parse(body);
  const client = createClient(baseUrl, session.accessToken);
  const words = { bait: `bait-of-${user.id}`, secret: `secret-of-${user.id}` };
  return { id: user.id, username, password, client, ...words, belongings: new Map() };
}

/** Somebody who has everything, and whose document has been read. */
export async function newInhabitant(baseUrl: string, dice: Dice): Promise<Person> {
  const person = await newPerson(baseUrl, dice);
  for (const kind of Object.keys(MAKERS)) if (!person.belongings.has(kind)) await remake(person, kind, dice);
  await untilRead(person);
  return person;
}

/** Somebody who has nothing yet. */
export async function newPerson(baseUrl: string, dice: Dice): Promise<Person> {
  // Not from the dice: a server that was fuzzed before knows those.
  const mark = crypto.randomUUID().replaceAll('-', '').slice(0, 10);
  const username = `u-${mark}`;
  const password = `Correct-${mark}-horse`;
  const json = { username, password, email: `${username}@example.com` };
  const { body } = await createClient(baseUrl).call('/v1/auth/register', { json });
  const { user, session } = sessionSchema.parse(body);
  const client = createClient(baseUrl, session.accessToken);
  const words = { bait: `bait${mark}`, secret: `secret${suffix(dice)}${mark}` };
  return { id: user.id, username, password, client, ...words, belongings: new Map() };
}

/** Gives the person a new one of the kind. */
export async function remake(person: Person, kind: string, dice: Dice): Promise<void> {
  for (const [made, id] of await make(person, kind, dice)) person.belongings.set(made, id);
}

async function untilRead({ client, belongings }: Person): Promise<void> {
  const path = `/v1/documents/${belongings.get('documents')}`;
  for (const until = Date.now() + READY_PATIENCE_MS; Date.now() < until; await sleep(50)) {
    const { body } = await client.call(path);
    if (documentSchema.parse(body).status === 'ready') return;
  }
  throw new Error('The first document was not read in time.');
}

/** Kinds of things that the path of an operation names by their ids. */
export const kindsIn = (operation: Operation): string[] =>
  operation.parameters
    .filter((parameter) => parameter.in === 'path')
    .map(({ name }) => kindOfParameter(operation.path, name));

function kindOfParameter(path: string, parameter: string): string {
  if (parameter !== 'id') return kindOf(parameter);
  const segments = path.split('/');
  return segments[segments.indexOf('{id}') - 1] ?? '';
}

const REFERENCES: Record<string, string> = {
  parentId: 'collections',
  parentDocumentId: 'documents',
  feedId: 'resources',
  versionOf: 'documents',
};

/** The kind that a property's name stands for: `documentId` and `documentIds` are documents. */
const kindOf = (name: string): string => REFERENCES[name] ?? `${name.replace(/Ids?$/, '')}s`;

const isId = ({ format, anyOf = [], oneOf = [] }: JsonSchema): boolean =>
  format === 'uuid' || [...anyOf, ...oneOf].some((choice) => choice.format === 'uuid');

type Asking = { operation: Operation; owner: Person; dice: Dice };

const tokenPrefix = (path: string): string => {
  if (path.includes('erasures')) return 'cpe_';
  return path.includes('reset') ? 'cpw_' : 'cpv_';
};

/** What a request to an operation may say of the world: ids of the owner's things, credentials that there are. */
export function knownTo(world: World, { operation, owner, dice }: Asking): Known {
  const isNew = operation.path.endsWith('/register');
  const token = (prefix: string) => {
    const seen = world.seen.tokens.get(prefix) ?? [];
    return seen.length > 0 ? dice.pick(seen) : undefined;
  };
  const credentials: Record<string, () => unknown> = {
    username: () => (isNew ? `u-${suffix(dice)}` : undefined),
    identifier: () => world.victim.username,
    password: () => {
      if (isNew) return `Correct-${suffix(dice)}-horse`;
      return operation.path.startsWith('/v1/me') ? owner.password : world.victim.password;
    },
    currentPassword: () => owner.password,
    newPassword: () => `Correct-${suffix(dice)}-horse`,
    refreshToken: () => token('cpr_'),
    token: () => token(tokenPrefix(operation.path)),
    expiresAt: () => '2099-01-01T00:00:00Z',
    cursor: () => (dice.chance(0.2) ? world.seen.cursors.get(operation.path) : undefined) ?? OMIT,
    // Mostly the caller has not read the thing.
    version: () => (dice.chance(0.2) ? 1 : OMIT),
    // Of a version: documents have two at first.
    number: () => (dice.chance(0.9) ? dice.pick([1, 2]) : undefined),
    q: () => (dice.chance(0.5) ? `notice ${owner.bait}` : undefined),
    // One that nobody has yet.
    url: () => (dice.chance(0.7) ? `https://example.com/${suffix(dice)}` : undefined),
    parentId: () => (dice.chance(0.8) ? null : undefined),
    metadata: () => (operation.formBody ? '{"source":"fuzz"}' : undefined),
  };
  return (name, schema) => {
    const known = Object.hasOwn(credentials, name) ? credentials[name]?.() : undefined;
    if (known !== undefined) return known;
    if (name === 'email' && dice.chance(0.5)) return `${suffix(dice)}@example.com`;
    if (!isId(schema)) return undefined;
    const kind = name === 'id' ? kindOfParameter(operation.path, name) : kindOf(name);
    if (kind === 'users') return world.victim.id;
    return owner.belongings.get(kind) ?? madeUpId(dice);
  };
}

const TOKEN = /\b(cp[a-z]?_)[\w-]{43}/g;
const MAX_SEEN = 10;

/** Remembers what an answer has shown that later requests may send back. */
export function remember({ seen }: World, path: string, text: string): void {
  for (const [token, prefix = ''] of text.matchAll(TOKEN)) {
    seen.tokens.set(prefix, [...(seen.tokens.get(prefix) ?? []), token].slice(-MAX_SEEN));
  }
  const cursor = /"nextCursor":"([^"]+)"/.exec(text)?.[1];
  if (cursor !== undefined) seen.cursors.set(path, cursor);
}

const MAIL_MS = 300;

const outboxSchema = z.object({ items: z.array(z.object({ to: z.string(), text: z.string() })) });

/** Has the victim mailed the tokens that only mails carry, where a server on this machine shows its mails. */
export async function readMails(world: World): Promise<void> {
  const { client, username } = world.victim;
  const email = `${username}@example.com`;
  await client.call('/v1/auth/password/forgot', { json: { email } });
  await sleep(MAIL_MS);
  const outbox = await client.call('/v1/dev/outbox?limit=100').catch(() => undefined);
  const { items } = outboxSchema.parse(outbox?.body ?? { items: [] });
  for (const { to, text } of items.reverse()) if (to === email) remember(world, '/v1/dev/outbox', text);
}
