import { readBytes } from './byte-reader.ts';
import { asExtractionError, EXTRACTORS, type Extraction, MAX_EXTRACTABLE } from './extract.ts';
import { type DocumentKind, ExtractionError, type ExtractionInput } from './extractor.ts';
import { type ReadRange, rangedFile } from './ranged-file.ts';
import { startsWithAt } from './signatures.ts';
import { sniffKind } from './sniff.ts';

/** Enough of sound to be measured: a minute of it as it is on a CD. */
const HEAD_BYTES = 12 * 1024 * 1024;
/** What a film says of itself: an index of all its pictures is most of that. */
const MAX_MOVIE_BYTES = 16 * 1024 * 1024;
const MAX_BOXES = 16;
const BOX_HEADER_BYTES = 16;

type LargeFile = Pick<ExtractionInput, 'filename' | 'mediaType'> & { size: number; readRange: ReadRange };

/**
 * Reads a file that is too large to be held: of sound and films what they say of themselves, which is a small part of
 * them. @throws ExtractionError `too_large` for all else, saying what to do with a file of its kind
 */
export async function extractLargeFile({ size, readRange, ...hints }: LargeFile): Promise<Extraction> {
  const head = await readRange({ offset: 0, length: Math.min(HEAD_BYTES, size) });
  let broken: { reason: unknown } | undefined;
  const whole = rangedFile(size, (range) =>
    readRange(range).catch((reason: unknown) => {
      broken = { reason };
      throw reason;
    }),
  );
  const bytes = startsWithAt(head, 'ftyp', 4) ? await joinMovie(whole, head) : head;
  const kind = kindOf({ bytes, ...hints });
  const extractor = kind === 'audio' || kind === 'video' ? EXTRACTORS[kind] : undefined;
  if (extractor === undefined) throw tooLarge(kind);
  const document = await extractor.extract({ bytes, whole, ...hints }).catch((error: unknown) => {
    throw broken?.reason ?? asExtractionError(error);
  });
  // Readers make do with less; that the file could not be fetched just now is no reason to.
  if (broken !== undefined) throw broken.reason;
  // Models get no more at once than can be held.
  return { kind: extractor.kind, extractor: extractor.version, document: { ...document, wanted: [] } };
}

/** Undefined where the beginning does not show it. @throws ExtractionError for formats that are not read */
function kindOf(input: ExtractionInput): DocumentKind | undefined {
  try {
    return sniffKind(input);
  } catch (error) {
    if (error instanceof ExtractionError && error.reason === 'unsupported_format') throw error;
    return undefined;
  }
}

/** The parts of an MP4 or MOV file that say what is in it; cameras write them at its end. */
async function joinMovie(file: Blob, head: Uint8Array): Promise<Uint8Array> {
  const type = head.subarray(0, Math.min(1024, readBytes(head, 'big-endian').u32(0)));
  let at = 0;
  for (let i = 0; i < MAX_BOXES && at + BOX_HEADER_BYTES <= file.size; i++) {
    const header = readBytes(await bytesOf(file, at, BOX_HEADER_BYTES), 'big-endian');
    const short = header.u32(0);
    const size = short === 1 ? header.u64(8) : short === 0 ? file.size - at : short;
    if (size < 8) break;
    if (header.latin1(4, 4) === 'moov' && size <= MAX_MOVIE_BYTES) {
      return new Uint8Array(Buffer.concat([type, await bytesOf(file, at, size)]));
    }
    at += size;
  }
  return head;
}

const bytesOf = async (file: Blob, at: number, length: number): Promise<Uint8Array> =>
  new Uint8Array(await file.slice(at, at + length).arrayBuffer());

const WHAT_TO_DO: Partial<Record<DocumentKind, string>> = {
  zip: 'Unpack it and upload its files; many can be sent at once, as a batch.',
  mailbox: 'Export its folders or years one by one and upload those.',
  email: 'Save its attachments and upload them one by one.',
  image: 'Save it smaller or as JPEG and upload that.',
  pdf: 'Split it, or save it with smaller pictures, and upload that.',
};

/** The refusal of a file of which no part makes sense alone. */
function tooLarge(kind: DocumentKind | undefined): ExtractionError {
  const what = (kind && WHAT_TO_DO[kind]) ?? 'Split it into parts and upload them one by one.';
  return new ExtractionError('too_large', `The file is larger than ${MAX_EXTRACTABLE}. ${what}`);
}
