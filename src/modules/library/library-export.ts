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

type Deps = { database: Database; archive: Archive; analyses: Pick<AnalysesService, 'ofDocuments'> };

/** Which documents, oldest first: those behind the cursor that were there at that time, and so many of them at most. */
export type DocumentRange = { cursor: string | undefined; createdTo: number; count: number };

/** A document with what the archive holds of it. */
export type Holdings = {
  document: FiledDocument;
  /** Undefined when it is gone: deleted since the document's row was read, or lost. */
  original: StoredFile | undefined;
  /** Its text and where it is cut; undefined also while it has not been read. */
  openReading: () => Promise<StoredFile | undefined>;
  /** Oldest first. */
  analyses: Analysis[];
};

/** Rows are small, but may carry a good deal of metadata. */
const DOCUMENTS_PER_PAGE = 50;
const ROWS_PER_PAGE = 200;

/** A whole library, page by page, for taking it elsewhere. */
export function createLibraryExport({ database, archive, analyses }: Deps) {
  const documents = createDocumentsRepository(database);
  const collections = createCollectionsRepository(database);
  const tags = createTagsRepository(database);

  const open = async (document: FiledDocument, known: Analysis[] = []): Promise<Holdings> => {
    const place = placeOf(document);
    const original = await archive.files.read(archive.originalKey(place));
    // Only when its turn comes: nobody keeps a stream open while a large original goes over a slow line.
    return { document, original, openReading: () => archive.files.read(archive.readingKey(place)), analyses: known };
  };

  /** Documents whose bytes were not there: as they are now, if they have got newer ones. */
  async function* openAgain(ownerId: string, known: FiledDocument[]): AsyncGenerator<Holdings> {
    const ids = known.map(({ id }) => id);
    const now = new Map((await documents.findMany(ownerId, ids)).map((document) => [document.id, document]));
    for (const before of known) {
      const document = { ...before, ...now.get(before.id) };
      const isReplaced = document.contentId !== before.contentId;
      const gone = { document, original: undefined, openReading: async () => undefined, analyses: [] };
      yield isReplaced ? await open(document) : gone;
    }
  }

  return {
    /** The cursor behind a range; null when it holds the last document. @throws InvalidCursorError */
    cursorAfter: (ownerId: string, range: DocumentRange) => documents.cursorAfter(ownerId, range),

    /** Documents of a range, also from the trash. Those that are deleted meanwhile are left out, or have no original. */
    async *documents(ownerId: string, { cursor, createdTo, count }: DocumentRange): AsyncGenerator<Holdings> {
      const order = { sort: 'createdAt', order: 'asc', trash: 'include', createdTo } as const;
      let next = cursor;
      for (let left = count; left > 0; ) {
        const limit = Math.min(left, DOCUMENTS_PER_PAGE);
        const page = await documents.list(ownerId, { ...order, limit, cursor: next });
        const found = await analyses.ofDocuments(
          ownerId,
          page.items.map(({ id }) => id),
        );
        const absent: FiledDocument[] = [];
        for (const document of page.items) {
          const holdings = await open(document, found.get(document.id));
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
