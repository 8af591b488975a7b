import type { ZippedFile } from '../../shared/zip-stream.ts';

/** Changes when a reader of archives has to know. */
const FORMAT_VERSION = 1;

export type Manifest = {
  exportedAt: string;
  /** Documents that were made later are not in here. */
  documentsUntil: string;
  user: { id: string; username: string };
  counts: Record<string, number>;
  /** Documents without their file: deleted while the archive was written, or not to be found. */
  incomplete: { documentId: string; reason: string }[];
  /** Where the archive of further documents is; null when this one has the last. */
  next: string | null;
};

const encoder = new TextEncoder();

/** Text as bytes. */
export async function* bytesOf(texts: Iterable<string> | AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  for await (const text of texts) yield encoder.encode(text);
}

/** One JSON value, for people to read. */
export const jsonText = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** A JSON array, an entry a line. */
export async function* jsonList<T>(pages: AsyncIterable<T[]>, present: (item: T) => unknown): AsyncGenerator<string> {
  let separator = '[\n';
  for await (const items of pages) {
    if (items.length === 0) continue;
    yield separator + items.map((item) => JSON.stringify(present(item))).join(',\n');
    separator = ',\n';
  }
  yield separator === '[\n' ? '[]\n' : '\n]\n';
}

/** JSON values, one a line. */
export async function* jsonLines<T>(pages: AsyncIterable<T[]>, present: (item: T) => unknown): AsyncGenerator<string> {
  for await (const items of pages) yield items.map((item) => `${JSON.stringify(present(item))}\n`).join('');
}

/** The list of everything else in the archive, written last: that it is there shows that the archive is whole. */
export function* manifestText(manifest: Manifest, files: readonly ZippedFile[]): Generator<string> {
  const facts = { format: 'commonplace-export', version: FORMAT_VERSION, ...manifest };
  yield `${JSON.stringify(facts, null, 2).slice(0, -2)},\n  "files": [\n`;
  for (const [at, file] of files.entries()) yield `    ${JSON.stringify(file)}${at < files.length - 1 ? ',' : ''}\n`;
  yield '  ]\n}\n';
}
