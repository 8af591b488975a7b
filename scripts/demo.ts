import { stat } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { characteristicWords } from './characteristic-words.ts';
import type { Client, DocumentView, JobView, Page } from './client.ts';
import { explain, logIn, SESSION_OPTIONS } from './session.ts';
import { highlight, progressBar, style, wrap } from './terminal.ts';
import { uploadFile } from './upload.ts';

const USAGE = `npm run demo -- [--url URL] [--user NAME --password PASSWORD] [--query WORDS] FILE…

Uploads each file to a running server (npm start), waits until it has been read, and searches for words that it contains.`;

const MODES = ['keyword', 'semantic', 'hybrid'] as const;
const SHOWN_PASSAGES = 3;

type Hit = {
  title: string;
  page: number | null;
  score: number;
  snippet: string;
  highlights: [number, number][];
};
type Found = { items: Hit[]; notices?: string[] };

const { values, positionals: files } = parseArgs({
  allowPositionals: true,
  options: {
    ...SESSION_OPTIONS,
    query: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help || files.length === 0) {
  console.log(USAGE);
  process.exit(values.help ? 0 : 2);
}

try {
  const client = await logIn(values);
  for (const file of files) await show(client, file);
} catch (error) {
  console.error(style('red', explain(error, values)));
  process.exit(1);
}

async function show(client: Client, file: string): Promise<void> {
  const { size } = await stat(file);
  console.log(`\n${style('bold', path.basename(file))}  ${megabytes(size)}`);
  const { document, job } = await upload(client, file);
  const ready = await follow(client, { document, job });
  if (ready === undefined) return;
  const query = values.query ?? (await wordsFrom(client, document.id));
  const origin = values.query === undefined ? ' (words taken from the document)' : '';
  console.log(`\nSearching for ${style('bold', `“${query}”`)}${origin}`);
  for (const mode of MODES) await search(client, { query, mode });
}

async function upload(client: Client, file: string) {
  const bar = progressBar('Uploading');
  const started = performance.now();
  const { size } = await stat(file);
  const accepted = await uploadFile({
    baseUrl: client.baseUrl,
    token: client.token ?? '',
    file,
    onProgress: (sent, total) => bar.show(sent / total, `${megabytes(sent)} of ${megabytes(total)}`),
  });
  bar.end(`${megabytes(size)} in ${seconds(started)}`);
  return accepted;
}

/** Waits for the job. Returns the document as it is then, or undefined when it could not be read. */
async function follow(client: Client, accepted: { document: DocumentView; job: JobView }) {
  const bar = progressBar('Processing');
  const started = performance.now();
  let { job } = accepted;
  for await (job of client.follow(job)) bar.show(job.progressPercentage / 100, job.step ?? job.status);
  const { body: document } = await client.call<DocumentView>(`/v1/documents/${accepted.document.id}`);
  if (job.status !== 'succeeded') {
    console.log(style('red', `\nIt could not be read: ${job.error?.message ?? job.status}`));
    return undefined;
  }
  const pages = document.pageCount ? `${count(document.pageCount, 'page')}, ` : '';
  bar.end(`${pages}${count(document.chunkCount, 'passage')} in ${seconds(started)}`);
  return document;
}

async function wordsFrom(client: Client, documentId: string): Promise<string> {
  const { body } = await client.call<Page<{ text: string }>>(`/v1/documents/${documentId}/chunks?limit=200`);
  return characteristicWords(body.items.map(({ text }) => text));
}

async function search(client: Client, { query, mode }: { query: string; mode: string }): Promise<void> {
  const started = performance.now();
  const parameters = new URLSearchParams({ q: query, mode, limit: String(SHOWN_PASSAGES) });
  const { body } = await client.call<Found>(`/v1/search?${parameters}`);
  const took = `${Math.round(performance.now() - started)} ms`;
  console.log(`\n${style('cyan', mode)}  ${body.items.length === 0 ? 'nothing found' : took}`);
  for (const { title, page, score, snippet, highlights } of body.items) {
    const place = page === null ? '' : `, page ${page}`;
    console.log(`  ${style('bold', title)}${place}  ${style('dim', `score ${score.toFixed(3)}`)}`);
    console.log(wrap(highlight(snippet, highlights), { indent: '    ' }));
  }
}

function megabytes(bytes: number): string {
  const whole = bytes < 1024 * 1024;
  return whole ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

function count(many: number, what: string): string {
  return `${many.toLocaleString('en')} ${what}${many === 1 ? '' : 's'}`;
}
