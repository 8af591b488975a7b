import { createHash } from 'node:crypto';
import type { Clock } from '../../platform/clock.ts';
import type { Embeddings } from '../../platform/embeddings/embeddings.ts';
import {
  joinVectors,
  type PackedEmbeddings,
  type PackedVector,
  quantize,
  TEXT_HASH_BYTES,
  vectorsByText,
} from '../../platform/embeddings/quantize.ts';
import type { Archive, ArchivePlace, Reading } from './archive.ts';

type Options = {
  place: ArchivePlace;
  reading: Reading;
  /** Contents that the document had before, the latest first: what they share with this one was embedded for them. */
  formerContents: string[];
  /** Called after each batch with the number of passages that have their embedding so far. */
  onProgress: (embedded: number) => Promise<void>;
  /** Called before the embeddings are put into the archive; throws when the attempt may not do that any more. */
  beforeKeeping: () => Promise<void>;
};

type Deps = { archive: Archive; embeddings: Embeddings; clock: Clock };

export type Embedded = {
  packed: PackedEmbeddings /** How many texts the model was asked for. */;
  embeddedTexts: number;
};

/** Contents looked into: an upload that was replaced before it was read has no embeddings. */
const MAX_FORMER = 2;

/**
 * The embeddings of a reading's passages, which end in the archive. What the model has embedded before, for this text
 * or for the document as it was or as it was cut before, is taken over; the model is asked for the rest.
 */
export async function embedReading(deps: Deps, options: Options): Promise<Embedded> {
  const { archive, embeddings } = deps;
  const { place, reading } = options;
  const kept = await archive.getEmbeddings(place);
  const { model, dimension } = embeddings;
  const ofModel = (packed: PackedEmbeddings | undefined) => packed?.model === model && packed.dimension === dimension;
  const texts = reading.chunks.map((chunk) => passageText(reading, chunk));
  const hashes = texts.map(hashOf);
  const isOfReading = kept?.chunksHash === reading.hash && isOfTexts(kept, hashes);
  if (kept && isOfReading && ofModel(kept)) return { packed: kept, embeddedTexts: 0 };

  const former = [kept, ...(await formerEmbeddings(archive, options))].filter((packed) => ofModel(packed));
  const known = new Map(former.flatMap((packed) => (packed ? vectorsByText(packed) : [])));
  const missing = new Map(hashes.flatMap((hash, at) => (known.has(hash) ? [] : [[hash, texts[at] ?? ''] as const])));
  await embedTexts(deps, {
    texts: missing,
    keep: (hash, vector) => known.set(hash, vector),
    onProgress: (embedded) => options.onProgress(hashes.length - missing.size + embedded),
  });
  const packed = { model, dimension, chunksHash: reading.hash, ...joinVectors(hashes, { known, dimension }) };
  await options.beforeKeeping();
  await archive.putEmbeddings(place, packed);
  return { packed, embeddedTexts: missing.size };
}

/** Headings may have changed where the cuts have not. What was packed without hashes is taken on trust. */
const isOfTexts = ({ textHashes }: PackedEmbeddings, hashes: string[]): boolean =>
  textHashes === undefined || Buffer.from(hashes.join(''), 'hex').equals(textHashes);

function formerEmbeddings(archive: Archive, { place, formerContents }: Options) {
  const former = formerContents.filter((contentId) => contentId !== place.contentId).slice(0, MAX_FORMER);
  return Promise.all(former.map((contentId) => archive.getEmbeddings({ ...place, contentId })));
}

type Batches = {
  /** By their hashes. */
  texts: ReadonlyMap<string, string>;
  keep: (hash: string, vector: PackedVector) => void;
  onProgress: (embedded: number) => Promise<void>;
};

async function embedTexts({ embeddings, clock }: Deps, { texts, keep, onProgress }: Batches): Promise<void> {
  const { batchSize } = embeddings;
  const entries = [...texts];
  for (let first = 0; first < entries.length; first += batchSize) {
    const batch = entries.slice(first, first + batchSize);
    const vectors = await embeddings.embed(
      batch.map(([, text]) => text),
      'document',
    );
    for (const [at, [hash]] of batch.entries()) keep(hash, quantizeOne(vectors[at], embeddings.dimension));
    await onProgress(first + batch.length);
    // The built-in model computes right here: let whoever waits for this isolate have a turn.
    await clock.sleep(0);
  }
}

function quantizeOne(vector: Float32Array | undefined, dimension: number): PackedVector {
  if (vector?.length === dimension) return quantize(vector);
  throw new RangeError(`A vector of ${vector?.length} values, not ${dimension}`);
}

/** A passage with the headings and the names of columns above it, which say what it is about. */
function passageText(reading: Reading, chunk: Reading['chunks'][number]): string {
  const { headings, header = [], start, end } = chunk;
  return [...headings, header, reading.text.slice(start, end)].flat().join('\n');
}

const hashOf = (text: string): string =>
  createHash('sha256').update(text).digest().subarray(0, TEXT_HASH_BYTES).toString('hex');
