import type { Database } from '../../db/client.ts';
import type { StoredFile } from '../../platform/files/file-store.ts';
import type { Page } from '../../shared/page.ts';
import type { AnalysesService, Analysis } from '../analyses/analyses.service.ts';
import type { Archive } from '../ingestion/archive.ts';
import { createCollectionsRepository } from './collections.repository.ts';
import { placeOf } from './document-content.ts';
import { createDocumentsRepository, type FiledDocument } from './documents.repository.ts';
import type { Collection } from './library.table.ts';
import { type CountedTag, createTagsRepository } from './tags.repository.ts';
import { createVersionsRepository } from './versions.repository.ts';
import type { DocumentVersion } from './versions.table.ts';

type Deps = { database: Database; archive: Archive; analyses: Pick<AnalysesService, 'ofDocuments'> };

/** Which documents, oldest first: those behind the cursor that were there at that time. */
export type DocumentRange = { cursor: string | undefined; createdTo: number };

/** What a document consisted of before. */
export type EarlierFile = { version: DocumentVersion; open: () => Promise<StoredFile | undefined> };

/** A document with what the archive holds of it. */
export type Holdings = {
  document: FiledDocument;
  /** Undefined when it is gone: deleted since the document's row was read, or lost. */
  original: StoredFile | undefined;
  /** Its text and where it is cut; undefined also while it has not been read. */
  openReading: () => Promise<StoredFile | undefined>;
  earlier: EarlierFile[];
  /** Oldest first. */
  analyses: Analysis[];
};

/** Earlier versions by document. */
type Earlier = ReadonlyMap<string, DocumentVersion[]>;
type Known = { earlier: Earlier; analyses?: ReadonlyMap<string, Analysis[]> };

/** Rows are small, but may carry a good deal of metadata. */
const DOCUMENTS_PER_PAGE = 50;
const ROWS_PER_PAGE = 200;

/** A whole library, page by page, for taking it elsewhere. */
export function createLibraryExport({ database, archive, analyses }: Deps) {
  const documents = createDocumentsRepository(database);
  const collections = createCollectionsRepository(database);
  const tags = createTagsRepository(database);
  const versions = createVersionsRepository(database);

  const open = async (document: FiledDocument, known: Known): Promise<Holdings> => {
    const place = placeOf(document);
    const original = await archive.files.read(archive.originalKey(place));
    // Only when its turn comes: nobody keeps a stream open while a large original goes over a slow line.
    const openReading = () => archive.files.read(archive.readingKey(place));
    const earlier = (known.earlier.get(document.id) ?? []).map((version) => ({
      version,
      open: () => archive.files.read(archive.originalKey(version)),
    }));
    return { document, original, openReading, earlier, analyses: known.analyses?.get(document.id) ?? [] };
  };

  const earlierOf = async (ownerId: string, page: FiledDocument[]): Promise<Earlier> => {
    const replaced = page.filter(({ contentVersion }) => contentVersion > 1).map(({ id }) => id);
    if (replaced.length === 0) return new Map();
    return Map.groupBy(await versions.findEarlier(ownerId, replaced), ({ documentId }) => documentId);
  };

  /** Documents whose bytes were not there: as they are now, if they have got newer ones. */
  async function* openAgain(ownerId: string, known: FiledDocument[]): AsyncGenerator<Holdings> {
    const ids = known.map(({ id }) => id);
    const now = new Map((await documents.findMany(ownerId, ids)).map((document) => [document.id, document]));
    const present = known.map((before) => ({ before, document: { ...before, ...now.get(before.id) } }));
    const replaced = present.filter(({ before, document }) => document.contentId !== before.contentId);
    const earlier = await earlierOf(
      ownerId,
      replaced.map(({ document }) => document),
    );
    for (const entry of present) {
      if (replaced.includes(entry)) yield await open(entry.document, { earlier });
      else {
        const { document } = entry;
        yield { document, original: undefined, openReading: async () => undefined, earlier: [], analyses: [] };
      }
    }
  }

  return {
    /** How much of a range comes to so many files, and the cursor behind that. @throws InvalidCursorError */
    measure: (ownerId: string, range: DocumentRange & { files: number }) => documents.rangeOf(ownerId, range),

    /** Documents of a range, also from the trash. Those that are deleted meanwhile are left out, or have no original. */
    async *documents(
      ownerId: string,
      { cursor, createdTo, count }: DocumentRange & { count: number },
    ): AsyncGenerator<Holdings> {
      const order = { sort: 'createdAt', order: 'asc', trash: 'include', createdTo } as const;
      let next = cursor;
      for (let left = count; left > 0; ) {
        const limit = Math.min(left, DOCUMENTS_PER_PAGE);
        const page = await documents.list(ownerId, { ...order, limit, cursor: next });
        const found = await analyses.ofDocuments(
          ownerId,
          page.items.map(({ id }) => id),
        );
        const earlier = await earlierOf(ownerId, page.items);
        const absent: FiledDocument[] = [];
        for (const document of page.items) {
          const holdings = await open(document, { earlier, analyses: found });
          if (holdings.original) yield holdings;
          else absent.push(document);
        }
        if (absent.length > 0) yield* openAgain(ownerId, absent);
        left -= limit;
        if (page.nextCursor === null) return;
        next = page.nextCursor;
      }
    },

    collections: (ownerId: string): AsyncGenerator<Collection[]> =>
      pages((cursor) => collections.page(ownerId, { limit: ROWS_PER_PAGE, cursor })),

    tags: (ownerId: string): AsyncGenerator<CountedTag[]> =>
      pages((cursor) =>
        tags.list(ownerId, { key: undefined, limit: ROWS_PER_PAGE, cursor, sort: 'createdAt', order: 'asc' }),
      ),
  };
}

export type LibraryExport = ReturnType<typeof createLibraryExport>;

async function* pages<T>(read: (cursor: string | undefined) => Promise<Page<T>>): AsyncGenerator<T[]> {
  for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
    const page = await read(cursor);
    yield page.items;
    cursor = page.nextCursor ?? undefined;
  }
}
