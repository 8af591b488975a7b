import type { Actor } from '../../shared/actor.ts';
import { notFound } from '../../shared/app-error.ts';
import { type ByteRange, parseByteRange } from '../../shared/byte-range.ts';
import { decodeCursor, encodeCursor, InvalidCursorError, type Page } from '../../shared/page.ts';
import type { Archive, ArchivePlace, Reading } from '../ingestion/archive.ts';
import { documentNotReady, rangeNotSatisfiable } from './documents.errors.ts';
import type { FiledDocument } from './documents.repository.ts';
import type { DocumentsService } from './documents.service.ts';
import type { Document } from './library.table.ts';
import type { VersionsService } from './versions.service.ts';

type Deps = {
  archive: Archive;
  documents: DocumentsService;
  versions: VersionsService;
  /** Somebody has begun to read it. */
  onOpened: (document: FiledDocument) => void;
};

export type ChunkView = Reading['chunks'][number] & { id: string; text: string };

/** The values of the headers `Range` and `If-Range`. */
export type RequestedPart = { range: string | undefined; ifRange: string | undefined };

type File = Pick<Document, 'filename' | 'mediaType' | 'sizeBytes' | 'sha256' | 'status' | 'kind' | 'extractedMetadata'>;

/** Of a version it is not known what reading found it to be: it is never shown in place. */
const UNREAD = { status: 'pending', kind: null, extractedMetadata: {} } as const;

export type ContentView = {
  file: File;
  body: ReadableStream<Uint8Array>;
  size: number;
  /** Set when only a part was asked for. */
  range: ByteRange | undefined;
};

/** Reading what the archive holds of a document. */
export function createDocumentContent({ archive, documents, versions, onOpened }: Deps) {
  const getRead = async (actor: Actor, id: string): Promise<{ document: FiledDocument; reading: Reading }> => {
    const document = await documents.get(actor, id);
    const reading = await archive.getReading(placeOf(document));
    if (!reading) throw documentNotReady(document.status);
    return { document, reading };
  };

  const openFile = async (
    file: File,
    { place, part }: { place: ArchivePlace; part: RequestedPart },
  ): Promise<ContentView> => {
    // A part of other bytes than the caller has the rest of would be worse than the whole.
    const isSame = part.ifRange === undefined || part.ifRange === `"${file.sha256}"`;
    const range = parseByteRange(isSame ? part.range : undefined, file.sizeBytes);
    if (range === 'unsatisfiable') throw rangeNotSatisfiable(file.sizeBytes);
    const stored = await archive.files.read(archive.originalKey(place), range);
    if (!stored) throw notFound('document');
    return { file, body: stored.body, size: file.sizeBytes, range };
  };

  return {
    /** The original bytes, or the range of them that an HTTP `Range` header names. */
    async open(actor: Actor, { id, ...part }: { id: string } & RequestedPart): Promise<ContentView> {
      const document = await documents.get(actor, id);
      const view = await openFile(document, { place: placeOf(document), part });
      if (!view.range || view.range.offset === 0) onOpened(document);
      return view;
    },

    /** The same of any of its versions. */
    async openVersion(
      actor: Actor,
      { id, number, ...part }: { id: string; number: number } & RequestedPart,
    ): Promise<ContentView> {
      const version = await versions.find(actor, { documentId: id, number });
      return openFile({ ...version, ...UNREAD }, { place: version, part });
    },

    /** The extracted text from `start` to `end` (UTF-16 code units). */
    async getText(actor: Actor, { id, start, end }: { id: string; start: number; end?: number | undefined }) {
      const { document, reading } = await getRead(actor, id);
      if (start === 0) onOpened(document);
      const length = reading.text.length;
      const from = Math.min(start, length);
      const to = Math.max(from, Math.min(end ?? length, length));
      const text = reading.text.slice(from, to).toWellFormed();
      return { documentId: id, text, start: from, end: to, length, extractor: reading.extractor };
    },

    async listChunks(
      actor: Actor,
      { id, limit, cursor }: { id: string; limit: number; cursor?: string | undefined },
    ): Promise<Page<ChunkView>> {
      const { reading } = await getRead(actor, id);
      const first = cursor === undefined ? 0 : nextOrdinal(cursor);
      const items = reading.chunks.slice(first, first + limit).map((chunk) => ({
        ...chunk,
        id: `${id}#${chunk.ordinal}`,
        text: reading.text.slice(chunk.start, chunk.end),
      }));
      const next = first + items.length;
      return { items, nextCursor: next < reading.chunks.length ? encodeCursor({ value: next, id }) : null };
    },
  };
}

function nextOrdinal(cursor: string): number {
  const { value } = decodeCursor(cursor);
  if (typeof value !== 'number' || value < 0)
    throw new InvalidCursorError('The cursor is not one that this list gave.');
  return value;
}

export const placeOf = (document: Pick<FiledDocument, 'ownerId' | 'id' | 'contentId'>) => ({
  ownerId: document.ownerId,
  documentId: document.id,
  contentId: document.contentId,
});
