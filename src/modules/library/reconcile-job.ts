import type { Database } from '../../db/client.ts';
import type { IndexOf } from '../../index-object/client.ts';
import type { Clock } from '../../platform/clock.ts';
import type { AuditService } from '../audit/audit.service.ts';
import type { AvatarsService } from '../identity/avatars.service.ts';
import type { Archive } from '../ingestion/archive.ts';
import { parseArchiveKey } from '../ingestion/archive.ts';
import type { JobsService, JobType } from '../ingestion/ingestion.service.ts';
import type { Attempt, JobHandler } from '../ingestion/job-runner.ts';
import type { UploadsService } from '../uploads/uploads.service.ts';
import { createDocumentsRepository } from './documents.repository.ts';
import type { Document } from './library.table.ts';
import { compareDocument, isBeyondMending, needsOnlySync, type Problem } from './reconciliation.ts';
import { tagText } from './tag-texts.ts';
import { createTagsRepository } from './tags.repository.ts';
import { createVersionsRepository } from './versions.repository.ts';

type Deps = {
  database: Database;
  clock: Clock;
  archive: Archive;
  indexOf: IndexOf;
  jobs: JobsService;
  audit: AuditService;
  avatars: Pick<AvatarsService, 'listKeys'>;
  uploads: Pick<UploadsService, 'listKeys'>;
};

/** Documents compared at a time. */
const PAGE_SIZE = 200;

/** An upload puts its bytes before its row: an object this young may still get one. */
const ORPHAN_AGE_MS = 60 * 60_000;

/** Problems listed in a report; all are counted and mended. */
const MAX_LISTED = 100;

type Report = { documents: number; objects: number; problems: Problem[]; problemCount: number; jobIds: string[] };

/**
 * Compares the owner's catalogue with archive and index, document by document, and mends what differs: what the index
 * lacks is processed or synced anew, what nobody owns is removed.
 */
export function createReconcileJob(deps: Deps): JobHandler {
  const { database, archive, indexOf, jobs, avatars, uploads } = deps;
  const repository = createDocumentsRepository(database);
  const versions = createVersionsRepository(database);
  const tags = createTagsRepository(database);

  /** What differs, by document, as the stores are now. */
  const findProblems = async (ownerId: string, documents: Document[]): Promise<Map<string, Problem[]>> => {
    const ids = documents.map((document) => document.id);
    const [open, described, stored, contents] = await Promise.all([
      jobs.openSubjects(ownerId, ids),
      indexOf(ownerId).describeDocuments({ ids, limit: PAGE_SIZE }),
      Promise.all(ids.map((id) => archive.listContents(ownerId, id))),
      versions.contentsOf(ownerId, ids),
    ]);
    const versionsOf = Map.groupBy(contents, ({ documentId }) => documentId);
    const indexed = new Map(described.documents.map((entry) => [entry.documentId, entry]));
    const found = documents.map((document, at): [string, Problem[]] => {
      const earlier = (versionsOf.get(document.id) ?? []).filter(({ number }) => number !== document.contentVersion);
      const lost = earlier.filter(({ contentId }) => !stored[at]?.get(contentId)?.has('original'));
      const holdings = {
        files: stored[at]?.get(document.contentId) ?? new Set<string>(),
        lostVersions: lost.map(({ number }) => number),
        indexed: indexed.get(document.id),
      };
      return [document.id, compareDocument({ ...document, hasOpenJob: open.has(document.id) }, holdings)];
    });
    return new Map(found.filter(([, problems]) => problems.length > 0));
  };

  /** Compares one page of documents; makes the jobs that mend it. */
  const comparePage = async (ownerId: string, { documents, report }: { documents: Document[]; report: Report }) => {
    const suspects = [...(await findProblems(ownerId, documents)).keys()];
    if (suspects.length === 0) return;
    // People go on working: only what still differs on a second look at the rows is a problem.
    const again = await repository.findMany(ownerId, suspects);
    const problems = await findProblems(ownerId, again);
    const mending = again.flatMap((document) => {
      const own = problems.get(document.id);
      if (!own) return [];
      note(report, own);
      if (isBeyondMending(own)) return [];
      return [jobs.prepare(ownerId, { type: mendingJob(document, own), subjectId: document.id })];
    });
    await database.commit(mending.map(({ insert }) => insert));
    report.jobIds.push(...mending.map(({ job }) => job.id));
  };

  const compareCatalogue = async (attempt: Attempt, report: Report) => {
    const { userId: ownerId } = attempt.actor;
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await repository.page(ownerId, { limit: PAGE_SIZE, cursor });
      await comparePage(ownerId, { documents: page.items, report });
      report.documents += page.items.length;
      cursor = page.nextCursor;
      await attempt.heartbeat({ step: 'catalogue', processedItems: report.documents });
    }
  };

  /** Drops what the index holds of documents that no longer exist. */
  const sweepIndex = async (attempt: Attempt, report: Report) => {
    const { userId: ownerId } = attempt.actor;
    const index = indexOf(ownerId);
    for (let after: string | undefined = ''; after !== undefined; ) {
      const page = await index.describeDocuments(after === '' ? { limit: PAGE_SIZE } : { after, limit: PAGE_SIZE });
      const ids = page.documents.map((entry) => entry.documentId);
      const known = new Set((await repository.findMany(ownerId, ids)).map((document) => document.id));
      for (const documentId of ids.filter((id) => !known.has(id))) {
        note(report, [{ type: 'orphan_in_index', documentId, detail: 'The catalogue has no such document.' }]);
        await index.removeDocument(documentId);
      }
      after = page.next ?? undefined;
      await attempt.heartbeat({ step: 'index' });
    }
  };

  /** Tells the index what the tags are called. */
  const nameTags = async (attempt: Attempt) => {
    const { userId: ownerId } = attempt.actor;
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const request = { limit: PAGE_SIZE, cursor, sort: 'name', order: 'asc' as const, key: undefined };
      const page = await tags.list(ownerId, request);
      if (page.items.length > 0) await indexOf(ownerId).putLabelTexts(page.items.map(tagText));
      cursor = page.nextCursor;
      await attempt.heartbeat({ step: 'index' });
    }
  };

  /** Drops objects of documents that never got, or no longer have, a row. */
  const sweepArchive = async (attempt: Attempt, report: Report) => {
    const { userId: ownerId } = attempt.actor;
    const oldest = deps.clock.now() - ORPHAN_AGE_MS;
    const [pictures, arriving] = await Promise.all([avatars.listKeys(ownerId), uploads.listKeys(ownerId)]);
    const needed = pictures.union(arriving);
    for await (const files of archive.listOwner(ownerId)) {
      report.objects += files.length;
      const old = files.filter((file) => file.uploadedAt < oldest);
      const ids = [...new Set(old.flatMap((file) => parseArchiveKey(file.key)?.documentId ?? []))];
      // Of a document that exists, the folders of its versions belong to it, and those that a job is about to remove.
      const contentIds = [...new Set(old.flatMap((file) => parseArchiveKey(file.key)?.contentId ?? []))];
      const leaving = await jobs.openSubjects(ownerId, contentIds);
      const known = new Set((await versions.contentsOf(ownerId, ids)).map(({ contentId }) => contentId));
      const orphans = old.filter(({ key }) => {
        const contentId = parseArchiveKey(key)?.contentId ?? '';
        return !needed.has(key) && !known.has(contentId) && !leaving.has(contentId);
      });
      note(
        report,
        orphans.map(({ key }) => ({
          type: 'orphan_object' as const,
          documentId: parseArchiveKey(key)?.documentId ?? '',
          detail: key.split('/').at(-1) ?? '',
        })),
      );
      await archive.files.remove(orphans.map((file) => file.key));
      await attempt.heartbeat({ step: 'archive' });
    }
  };

  return {
    async run(attempt) {
      const report: Report = { documents: 0, objects: 0, problems: [], problemCount: 0, jobIds: [] };
      await compareCatalogue(attempt, report);
      await sweepIndex(attempt, report);
      await nameTags(attempt);
      await sweepArchive(attempt, report);
      await jobs.wake(report.jobIds);
      const { jobIds, ...result } = report;
      const { documents, objects, problemCount } = result;
      const entry = deps.audit.ofJob({
        action: 'job.reconcileLibrary',
        job: attempt.job,
        details: { documents, objects, problemCount, mendingJobs: jobIds.length },
      });
      return { result: { ...result, mendingJobs: jobIds.length }, statements: [entry] };
    },
    onFailure: () => [],
  };
}

function mendingJob(document: Document, problems: Problem[]): JobType {
  if (document.status === 'deleting') return 'delete_document';
  return needsOnlySync(problems) ? 'sync_document' : 'process_document';
}

function note(report: Report, problems: Problem[]): void {
  report.problemCount += problems.length;
  report.problems.push(...problems.slice(0, Math.max(0, MAX_LISTED - report.problems.length)));
}
