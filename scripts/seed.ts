import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Client, createClient, type DocumentView, type Named } from './client.ts';
import { SEED_USER } from './project.ts';

const COLLECTIONS = ['Work', 'Personal', 'Research', 'Archive'];
const TAGS = ['Important', 'TODO', 'Ideas', 'Reference', 'Learning', 'Archive', 'Meeting Notes'];
const DOCUMENTS_FOLDER = path.join(import.meta.dirname, 'seed-documents');

type Filing = { type: string; collection: string; tags: string[] /** For files that name none. */; title?: string };

/** Where each file of seed-documents/ is filed. */
const FILING: Record<string, Filing> = {
  'getting-started.md': { type: 'text/markdown', collection: 'Personal', tags: ['Important', 'Learning'] },
  'how-search-works.md': { type: 'text/markdown', collection: 'Research', tags: ['Reference', 'Learning'] },
  'kick-off-meeting.md': { type: 'text/markdown', collection: 'Work', tags: ['Meeting Notes', 'TODO'] },
  'reading-notes-memory.md': { type: 'text/markdown', collection: 'Research', tags: ['Ideas', 'Learning'] },
  'bread-recipe.html': { type: 'text/html', collection: 'Personal', tags: ['Reference'] },
  'backup-checklist.txt': {
    type: 'text/plain',
    collection: 'Archive',
    tags: ['Archive', 'TODO'],
    title: 'Backup checklist for a small office',
  },
};

const UNFILED: Filing = { type: 'text/plain', collection: 'Personal', tags: [] };

/**
 * Gives a local server a user with something to find, through the API as any client would. Adds only what is missing.
 * @returns how many documents were uploaded.
 */
export async function seed(baseUrl: string): Promise<{ documents: number }> {
  const { hostname } = new URL(baseUrl);
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(hostname))
    throw new Error('Only a server on this machine is seeded.');
  const client = await createClient(baseUrl).signIn(SEED_USER);
  const [collections] = await Promise.all([
    ensureNamed(client, '/v1/collections', COLLECTIONS),
    ensureNamed(client, '/v1/tags', TAGS),
  ]);
  return { documents: await uploadMissing(client, collections) };
}

/** Ids by name of the things at this path, made where they are missing. */
async function ensureNamed(client: Client, url: string, names: string[]): Promise<Map<string, string>> {
  const ids = new Map((await client.all<Named>(url)).map(({ name, id }) => [name, id]));
  for (const name of names) {
    if (!ids.has(name)) ids.set(name, (await client.call<Named>(url, { json: { name } })).body.id);
  }
  return ids;
}

async function uploadMissing(client: Client, collections: Map<string, string>): Promise<number> {
  const held = new Set((await client.all<DocumentView>('/v1/documents')).map(({ filename }) => filename));
  const missing = (await readdir(DOCUMENTS_FOLDER)).filter((name) => !held.has(name)).sort();
  for (const name of missing) {
    const { type, collection, tags, title } = FILING[name] ?? UNFILED;
    const fields = {
      collectionId: collections.get(collection) ?? '',
      tags: tags.join(','),
      ...(title !== undefined && { title }),
    };
    await client.upload({ name, type, bytes: await readFile(path.join(DOCUMENTS_FOLDER, name)) }, fields);
  }
  return missing.length;
}
