import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, createClient, type DocumentView, type JobView, type Page } from '../../scripts/client.ts';
import { progressBar } from '../../scripts/terminal.ts';
import type { Corpus } from './corpus.ts';

const UPLOADS_AT_ONCE = 4;
const POLL_MS = 250;
const PASSWORD = 'Bench-only-1';

export type Library = {
  client: Client;
  documentIds: string[];
  /** Some of the paragraphs in it, to take queries from. */
  paragraphs: string[];
  chunks: number;
};

export type Loaded = { chunks: number; seconds: number };

/** A new owner with nothing yet. */
export async function createLibrary(baseUrl: string, name: string): Promise<Library> {
  const user = { username: name, password: PASSWORD, email: `${name}@example.org` };
  const anybody = createClient(baseUrl);
  // Not by logging in first: so many failures from one address lock it out.
  const { body } = await anybody.call<{ session: { accessToken: string } }>('/v1/auth/register', { json: user });
  return { client: anybody.as(body.session.accessToken), documentIds: [], paragraphs: [], chunks: 0 };
}

/**
 * Uploads documents until the library has this many chunks, and waits until all can be searched.
 * @returns what was added and how long it took, from the first upload to the last document's being ready.
 */
export async function fill(library: Library, wanted: number, corpus: Corpus): Promise<Loaded> {
  const started = performance.now();
  const before = library.chunks;
  const bar = progressBar('Loading');
  while (library.chunks < wanted) {
    const perDocument = library.documentIds.length === 0 ? 50 : library.chunks / library.documentIds.length;
    // A tenth at a time, so that the estimate of chunks a document is corrected on the way.
    const missing = Math.ceil(Math.min(wanted - library.chunks, Math.max(wanted / 10, 2_000)) / perDocument);
    await addDocuments(library, { many: missing, corpus });
    bar.show(Math.min(1, library.chunks / wanted), rate(library.chunks - before, started));
  }
  bar.end(rate(library.chunks - before, started));
  return { chunks: library.chunks - before, seconds: (performance.now() - started) / 1000 };
}

const rate = (chunks: number, since: number) =>
  `${chunks} chunks, ${Math.round(chunks / ((performance.now() - since) / 1000))} a second`;

export async function addDocuments(
  library: Library,
  { many, corpus, paragraphs }: { many: number; corpus: Corpus; paragraphs?: number },
): Promise<void> {
  const { client, documentIds } = library;
  let left = many;
  const uploader = async () => {
    while (left > 0) {
      left -= 1;
      const text = corpus.document(paragraphs);
      library.paragraphs.push(text.slice(0, text.indexOf('\n\n') + 1 || undefined));
      const name = `document-${documentIds.length}.txt`;
      const { document } = await client.upload({ name, type: 'text/plain', bytes: text });
      documentIds.push(document.id);
    }
  };
  await Promise.all(Array.from({ length: UPLOADS_AT_ONCE }, uploader));
  await untilIdle(client);
  library.chunks = await countChunks(client);
}

/** Waits until no job is left to be done. */
export async function untilIdle(client: Client): Promise<void> {
  for (const status of ['running', 'queued', 'running']) {
    while ((await client.call<Page<JobView>>(`/v1/jobs?status=${status}&limit=1`)).body.items.length > 0)
      await sleep(POLL_MS);
  }
}

async function countChunks(client: Client): Promise<number> {
  const documents = await client.all<DocumentView>('/v1/documents');
  const unread = documents.filter(({ status }) => status !== 'ready');
  if (unread.length > 0)
    throw new Error(`${unread.length} documents were not read; the first is ${unread[0]?.status}.`);
  return documents.reduce((total, { chunkCount }) => total + chunkCount, 0);
}
