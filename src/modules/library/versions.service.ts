import type { Database, Statement } from '../../db/client.ts';
import { requireChange } from '../../db/sql.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Actor } from '../../shared/actor.ts';
import { notFound } from '../../shared/app-error.ts';
import { decodeCursor, encodeCursor, InvalidCursorError } from '../../shared/page.ts';
import type { Job, JobsService } from '../ingestion/ingestion.service.ts';
import { createDocumentsRepository, type FiledDocument } from './documents.repository.ts';
import type { DocumentsService } from './documents.service.ts';
import type { Document } from './library.table.ts';
import { versionIsPresent } from './versions.errors.ts';
import { createVersionsRepository, type NewContent, type VersionKey } from './versions.repository.ts';
import type { DocumentVersion } from './versions.table.ts';

type Deps = {
  database: Database;
  clock: Clock;
  jobs: JobsService;
  documents: DocumentsService;
};

export type Version = DocumentVersion & { isPresent: boolean };

/** Whose version it is, and the API key that they make it by, if any. */
export type Author = { ownerId: string; keyId: string | null };

type Addition = {
  documentId: string;
  content: NewContent;
  metadata?: Document['metadata'] | undefined;
  expectedVersion?: number | undefined;
  /** Committed with it. */
  also?: Statement[] | undefined;
};

export type VersionPage = { items: Version[]; nextCursor: string | null; storedBytes: number };

/** What a document consisted of, time by time. Nothing that was handed in goes before somebody removes it, or its place is needed. */
export function createVersionsService({ database, clock, jobs, documents }: Deps) {
  const repository = createVersionsRepository(database);
  const documentRows = createDocumentsRepository(database);

  const origin = ({ keyId }: Author, restoredFrom: number | null) => ({
    status: 'pending' as const,
    contentAt: clock.now(),
    contentKeyId: keyId,
    contentRestoredFrom: restoredFrom,
  });

  const find = async (actor: Actor, { documentId, number }: VersionKey): Promise<Version> => {
    const [[document], [earlier]] = await database.commit([
      documentRows.select(actor.userId, documentId, 'exclude'),
      repository.selectOne(actor.userId, { documentId, number }),
    ]);
    if (!document) throw notFound('document');
    if (document.contentVersion === number) return presentVersion(document);
    if (!earlier) throw notFound('version');
    return { ...earlier, isPresent: false };
  };

  /** Removes earlier versions from the catalogue, and makes the jobs that remove their bytes from the archive. */
  const removal = (ownerId: string, versions: DocumentVersion[]): { statements: Statement[]; made: Job[] } => {
    const [first] = versions;
    if (!first) return { statements: [], made: [] };
    const { documentId } = first;
    const prepared = versions.map(({ contentId, number }) =>
      jobs.prepare(ownerId, { type: 'delete_version', subjectId: contentId, checkpoint: { documentId, number } }),
    );
    const numbers = versions.map(({ number }) => number);
    return {
      statements: [repository.remove(ownerId, documentId, numbers), ...prepared.map(({ insert }) => insert)],
      made: prepared.map(({ job }) => job),
    };
  };

  return {
    find,
    removal,

    /** The latest first, the present one among them. */
    async list(
      actor: Actor,
      { documentId, limit, cursor }: { documentId: string; limit: number; cursor?: string | undefined },
    ): Promise<VersionPage> {
      const below = cursor === undefined ? undefined : numberOf(cursor);
      const [[document], earlier, [stored]] = await database.commit([
        documentRows.select(actor.userId, documentId, 'exclude'),
        repository.select(actor.userId, { documentId, below, limit: limit + 1 }),
        repository.selectStoredBytes(actor.userId, documentId),
      ]);
      if (!document) throw notFound('document');
      const present = below === undefined ? [presentVersion(document)] : [];
      const found = [...present, ...earlier.map((version) => ({ ...version, isPresent: false }))];
      const items = found.slice(0, limit);
      const last = items.at(-1);
      const nextCursor = found.length > limit && last ? encodeCursor({ value: last.number, id: documentId }) : null;
      return { items, nextCursor, storedBytes: stored?.total ?? 0 };
    },

    /** Gives a document other bytes, which lie in the archive, and has them read. What it consisted of stays. */
    add: (
      author: Author,
      { documentId, content, metadata, expectedVersion, also }: Addition,
    ): Promise<{ document: FiledDocument; job: Job }> =>
      documents.revise(author.ownerId, {
        id: documentId,
        expectedVersion,
        before: [repository.keepPresent(author.ownerId, documentId)],
        changes: { ...(metadata && { metadata }), ...repository.given(content), ...origin(author, null) },
        also: also ?? [],
        job: 'process_document',
      }),

    /** Gives a document the bytes of an earlier version again, as a new version. */
    restore: (actor: Actor, { documentId, number }: VersionKey): Promise<{ document: FiledDocument; job: Job }> =>
      documents.revise(actor.userId, {
        id: documentId,
        before: [
          ...repository.requireEarlier(actor.userId, { documentId, number }),
          repository.keepPresent(actor.userId, documentId),
        ],
        changes: { ...repository.givenAgain(number), ...origin(authorOf(actor), number) },
        job: 'process_document',
      }),

    /** Removes an earlier version for good: at once from lists, and by a job from the archive. */
    async remove(actor: Actor, key: VersionKey): Promise<Job> {
      const { isPresent, ...version } = await find(actor, key);
      if (isPresent) throw versionIsPresent();
      const { statements, made } = removal(actor.userId, [version]);
      const [job] = made;
      const [removed, ...rest] = statements;
      if (!job || !removed) throw notFound('version');
      await database.commit([
        ...repository.requireEarlier(actor.userId, key),
        removed,
        requireChange(database, () => notFound('version')),
        ...rest,
      ]);
      jobs.wakeAfterAnswer([job.id]);
      return job;
    },
  };
}

export type VersionsService = ReturnType<typeof createVersionsService>;

export const authorOf = ({ userId, credential }: Actor): Author => ({
  ownerId: userId,
  keyId: credential.type === 'api_key' ? credential.id : null,
});

function presentVersion(document: FiledDocument): Version {
  const { id, ownerId, contentVersion, contentId, sha256, sizeBytes, filename, mediaType } = document;
  return {
    documentId: id,
    number: contentVersion,
    ownerId,
    contentId,
    sha256,
    sizeBytes,
    filename,
    mediaType,
    keyId: document.contentKeyId,
    restoredFrom: document.contentRestoredFrom,
    createdAt: document.contentAt ?? document.createdAt,
    isPresent: true,
  };
}

function numberOf(cursor: string): number {
  const { value } = decodeCursor(cursor);
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidCursorError('The cursor is not one that this list gave.');
}
