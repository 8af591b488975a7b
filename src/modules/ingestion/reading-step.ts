import type { Archive, ArchivePlace, Reading } from './archive.ts';
import { hashReading } from './archive.ts';
import { chunkDocument } from './chunking.ts';
import { type Extraction, extractDocument, MAX_EXTRACTABLE_BYTES } from './extraction/extract.ts';
import { type ChildFile, DOCUMENT_KINDS, ExtractionError, type OnPage } from './extraction/extractor.ts';
import { toBeConverted } from './extraction/formats.ts';
import { extractLargeFile } from './extraction/large-file.ts';
import { PermanentJobError } from './job-lifecycle.ts';
import { detectLanguage } from './language.ts';
import { type ModelReading, withModelReadings } from './model-reading.ts';
import { type ProfileChoice, profileToRead, proposeProfile } from './profile-proposal.ts';

/** What the reading step needs to know of a document. */
export type ReadableDocument = ProfileChoice & { filename: string; mediaType: string; sizeBytes: number };

/** What a document says, and the files within it, which are none of its text. */
export type ReadOriginal = { reading: Reading; children: ChildFile[] };

type ReadOptions = {
  place: ArchivePlace;
  document: ReadableDocument;
  /** Whether a model may be asked for what is of no format that is read here. */
  canConvert: boolean;
  /** Told after each page, where there are pages; what it throws ends the reading. */
  onPage?: OnPage;
};

/**
 * Reads a document's original: extracts its text, puts in what models have read in it, and cuts it into passages as its
 * profile says, which the rules choose unless a user has.
 * @throws PermanentJobError with a reason for the owner when the file cannot be read.
 */
export async function readOriginal(
  archive: Archive,
  { place, document, canConvert, onPage }: ReadOptions,
): Promise<ReadOriginal> {
  let interruption: { reason: unknown } | undefined;
  const watched: OnPage = async (done, total) => {
    try {
      await onPage?.(done, total);
    } catch (reason) {
      interruption = { reason };
      throw reason;
    }
  };
  try {
    const extraction =
      document.sizeBytes > MAX_EXTRACTABLE_BYTES
        ? await extractLarge(archive, { place, document })
        : await extract(await bytesOf(archive, place), { document, canConvert, onPage: watched });
    const readings = extraction.document.wanted?.length ? await archive.listModelReadings(place) : [];
    const reading = await compose(extraction, { document, readings });
    return { reading, children: extraction.document.children ?? [] };
  } catch (error) {
    // What stopped the reading from outside is no fault of the file.
    if (interruption) throw interruption.reason;
    if (error instanceof ExtractionError) throw new PermanentJobError(error.reason, error.message, { cause: error });
    throw error;
  }
}

async function bytesOf(archive: Archive, place: ArchivePlace): Promise<Uint8Array> {
  const bytes = await archive.files.readBytes(archive.originalKey(place));
  if (!bytes) throw originalMissing();
  return bytes;
}

/** What can be known of a file that would not fit into memory. */
function extractLarge(archive: Archive, { place, document }: Pick<ReadOptions, 'place' | 'document'>) {
  const { filename, mediaType, sizeBytes: size } = document;
  const key = archive.originalKey(place);
  const readRange = async (range: { offset: number; length: number }) => {
    const piece = await archive.files.read(key, range);
    if (!piece) throw originalMissing();
    return new Uint8Array(await new Response(piece.body).arrayBuffer());
  };
  return extractLargeFile({ filename, mediaType, size, readRange });
}

const originalMissing = () => new PermanentJobError('original_missing', 'The original file is not in the archive.');

type Extracted = Omit<Extraction, 'kind'> & { kind: string };

type ExtractOptions = Omit<ReadOptions, 'place'>;

async function extract(bytes: Uint8Array, { document, canConvert, onPage }: ExtractOptions): Promise<Extracted> {
  const { filename, mediaType } = document;
  try {
    return await extractDocument({ bytes, filename, mediaType, onPage });
  } catch (error) {
    const isForeign = error instanceof ExtractionError && error.reason === 'unsupported_format';
    if (!isForeign || !canConvert || !toBeConverted(filename)) throw error;
    return { kind: 'unknown', extractor: 'none@1', document: { metadata: {}, blocks: [], wanted: ['markdown'] } };
  }
}

async function compose(
  { kind, extractor, document }: Extracted,
  { document: { filename, ...choice }, readings }: { document: ReadableDocument; readings: ModelReading[] },
): Promise<Reading> {
  const blocks = withModelReadings(document.blocks, readings);
  const known = DOCUMENT_KINDS.find((name) => name === kind) ?? 'text';
  const proposal = proposeProfile({ kind: known, filename, title: document.title, blocks });
  const profile = profileToRead(choice, proposal);
  const { text, chunks } = chunkDocument(blocks, profile);
  return {
    format: 1,
    extractor,
    kind,
    ...(document.title !== undefined && { title: document.title }),
    language: (await detectLanguage(text)) ?? readings.find(({ language }) => language !== null)?.language ?? null,
    metadata: document.metadata,
    pageCount: document.pageCount ?? null,
    profile,
    proposal,
    text,
    chunks,
    wanted: document.wanted ?? [],
    models: readings.map(({ step, model }) => ({ step, model })),
    measurements: document.measurements ?? {},
    hash: await hashReading(text, chunks),
  };
}
