import type { Archive, ArchivePlace, Reading } from './archive.ts';
import { hashReading } from './archive.ts';
import { chunkDocument } from './chunking.ts';
import { checkSize, extractDocument } from './extraction/extract.ts';
import { ExtractionError, type OnPage } from './extraction/extractor.ts';
import { PermanentJobError } from './job-lifecycle.ts';
import { detectLanguage } from './language.ts';
import { type ProfileChoice, profileToRead, proposeProfile } from './profile-proposal.ts';

/** What the reading step needs to know of a document. */
export type ReadableDocument = ProfileChoice & { filename: string; mediaType: string; sizeBytes: number };

/**
 * Reads a document's original: extracts its text and cuts it into passages as its profile says, which the rules choose
 * unless a user has.
 * @throws PermanentJobError with a reason for the owner when the file cannot be read.
 */
export async function readOriginal(
  archive: Archive,
  { place, document, onPage }: { place: ArchivePlace; document: ReadableDocument; onPage?: OnPage },
): Promise<Reading> {
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
    checkSize(document.sizeBytes);
    const bytes = await archive.files.readBytes(archive.originalKey(place));
    if (!bytes) throw new PermanentJobError('original_missing', 'The original file is not in the archive.');
    return await read(bytes, { document, onPage: watched });
  } catch (error) {
    // What stopped the reading from outside is no fault of the file.
    if (interruption) throw interruption.reason;
    if (error instanceof ExtractionError) throw new PermanentJobError(error.reason, error.message, { cause: error });
    throw error;
  }
}

type Options = { document: ReadableDocument; onPage: OnPage };

async function read(bytes: Uint8Array, { document: given, onPage }: Options): Promise<Reading> {
  const { filename, mediaType, ...choice } = given;
  const { kind, extractor, document } = await extractDocument({ bytes, filename, mediaType, onPage });
  const proposal = proposeProfile({ kind, filename, title: document.title, blocks: document.blocks });
  const profile = profileToRead(choice, proposal);
  const { text, chunks } = chunkDocument(document.blocks, profile);
  return {
    format: 1,
    extractor,
    kind,
    ...(document.title !== undefined && { title: document.title }),
    language: await detectLanguage(text),
    metadata: document.metadata,
    pageCount: document.pageCount ?? null,
    profile,
    proposal,
    text,
    chunks,
    wanted: document.wanted ?? [],
    measurements: document.measurements ?? {},
    hash: await hashReading(text, chunks),
  };
}
