import type { Clock } from '../../platform/clock.ts';
import type { Embeddings } from '../../platform/embeddings/embeddings.ts';
import { type PackedEmbeddings, quantizeAll } from '../../platform/embeddings/quantize.ts';
import type { Archive, ArchivePlace, Reading } from './archive.ts';

type Options = {
  place: ArchivePlace;
  reading: Reading;
  /** Called after each batch with the number of passages embedded so far. */
  onProgress: (embedded: number) => Promise<void>;
  /** Called before the embeddings are put into the archive; throws when the attempt may not do that any more. */
  beforeKeeping: () => Promise<void>;
};

/**
 * The embeddings of a reading's passages: from the archive when they were made for the same text by the same model,
 * else from the model, and into the archive.
 */
export async function embedReading(
  { archive, embeddings, clock }: { archive: Archive; embeddings: Embeddings; clock: Clock },
  { place, reading, onProgress, beforeKeeping }: Options,
): Promise<PackedEmbeddings> {
  const kept = await archive.getEmbeddings(place);
  if (kept?.chunksHash === reading.hash && kept.model === embeddings.model) return kept;

  const { model, dimension, batchSize } = embeddings;
  const vectors: Float32Array[] = [];
  for (let first = 0; first < reading.chunks.length; first += batchSize) {
    const batch = reading.chunks.slice(first, first + batchSize);
    vectors.push(
      ...(await embeddings.embed(
        batch.map((chunk) => passageText(reading, chunk)),
        'document',
      )),
    );
    await onProgress(vectors.length);
    // The built-in model computes right here: let whoever waits for this isolate have a turn.
    await clock.sleep(0);
  }
  const packed = { model, dimension, ...quantizeAll(vectors, dimension), chunksHash: reading.hash };
  await beforeKeeping();
  await archive.putEmbeddings(place, packed);
  return packed;
}

/** A passage with the headings and the names of columns above it, which say what it is about. */
function passageText(reading: Reading, chunk: Reading['chunks'][number]): string {
  const { headings, header = [], start, end } = chunk;
  return [...headings, header, reading.text.slice(start, end)].flat().join('\n');
}
