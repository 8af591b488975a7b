import type { Database } from '../../db/client.ts';
import { isGuardFailure } from '../../db/sql.ts';
import type { Clock } from '../../platform/clock.ts';
import type { WrittenFile } from '../../platform/files/file-store.ts';
import type { Ids } from '../../platform/ids.ts';
import type { WebAnswer } from '../../platform/web/web.ts';
import { AppError } from '../../shared/app-error.ts';
import type { AuditService } from '../audit/audit.service.ts';
import type { Archive, ArchivePlace } from '../ingestion/archive.ts';
import { PROFILES } from '../ingestion/chunking.ts';
import { decodeText } from '../ingestion/extraction/decode.ts';
import { LeaseLostError, PermanentJobError } from '../ingestion/job-lifecycle.ts';
import type { Attempt, Completion } from '../ingestion/job-runner.ts';
import type { DocumentUpload } from '../library/document-upload.ts';
import type { FiledDocument } from '../library/documents.service.ts';
import { type Peeked, remembering } from './body-pieces.ts';
import { linkedIn } from './link-header.ts';
import { type PageFacts, type PageMeasures, readPage } from './page-facts.ts';
import { judgeQuality } from './quality.ts';
import { filenameOf } from './resource-url.ts';
import { createResourcesRepository, type Turn } from './resources.repository.ts';

type Deps = {
  database: Database;
  clock: Clock;
  ids: Ids;
  archive: Archive;
  upload: DocumentUpload;
  audit: AuditService;
  maxBytes: number;
};

/** What was found at a resource's address, and the document that an earlier fetch has made of it. */
export type Found = { turn: Turn; answer: WebAnswer; peeked: Peeked; document: FiledDocument | undefined };

type Stored = { place: ArchivePlace; written: WrittenFile; filename: string; mediaType: string };
type Read = { facts: PageFacts; measures: PageMeasures | undefined; isPage: boolean };

/** A page that is longer than this is archived like any other, but not looked through for what it says about itself. */
const MAX_PAGE_BYTES = 8 * 1024 * 1024;
const UNKNOWN_TYPE = 'application/octet-stream';

/** Turning what was fetched into a document, or into other bytes of the one that there is. */
export function createTakingIn({ database, clock, ids, archive, upload, audit, maxBytes }: Deps) {
  const repository = createResourcesRepository(database);

  /** Into the archive first, under an id that nobody knows yet. Nothing stays behind when that fails. */
  const store = async (attempt: Attempt, { turn, answer, peeked, document }: Found) => {
    // A job makes one document at most, which has its id: every attempt has the same folder, and removes what others left.
    const documentId = document?.id ?? attempt.job.id;
    if (!document && attempt.job.attempts > 1) {
      await attempt.prove();
      await archive.removeDocument(turn.ownerId, documentId);
    }
    const place = { ownerId: turn.ownerId, documentId, contentId: ids.next() };
    const mediaType = answer.mediaType || UNKNOWN_TYPE;
    const kept = remembering(peeked.body, MAX_PAGE_BYTES);
    const body = signed(kept.body, () => attempt.heartbeat({ step: 'fetch' }));
    try {
      const written = await archive.files.write(archive.originalKey(place), { body, maxBytes, mediaType });
      if (written.size === 0) throw new PermanentJobError('empty', 'The site answers with nothing.');
      const filename = filenameOf(answer.url, answer);
      return {
        stored: { place, written, filename, mediaType },
        read: await readKept(kept.bytes(), { answer, peeked }),
      };
    } catch (error) {
      await archive.removeContent(place);
      throw error;
    }
  };

  const changesOf = ({ turn, answer }: Found, { stored, read }: { stored: Stored; read: Read }) => {
    const { facts, measures, isPage } = read;
    const { title, ...others } = facts;
    const sizeBytes = stored.written.size;
    const quality = judgeQuality({ url: answer.url, facts, measures, sizeBytes });
    const published = Date.parse(facts.publishedAt ?? '');
    return {
      type: isPage ? ('page' as const) : ('file' as const),
      title: turn.titleIsGiven ? turn.title : (title ?? turn.title),
      facts: { ...turn.facts, ...others, finalUrl: answer.url, mediaType: stored.mediaType.slice(0, 200), sizeBytes },
      publishedAt: Number.isNaN(published) ? turn.publishedAt : published,
      qualityScore: quality.score,
      qualityReasons: quality.reasons,
      etag: answer.etag,
      lastModified: answer.lastModified,
    };
  };

  const makeDocument = (
    attempt: Attempt,
    { found, stored, read }: { found: Found; stored: Stored; read: Read },
  ): Completion => {
    const { turn } = found;
    const now = clock.now();
    const { document, job, statements } = upload.prepare(stored.place, {
      file: { ...stored.written, filename: stored.filename, mediaType: stored.mediaType },
      fields: {
        title: turn.titleIsGiven ? (turn.title ?? undefined) : undefined,
        collectionId: turn.hasLiveCollection ? (turn.collectionId ?? undefined) : undefined,
        tags: turn.tags,
        profile: PROFILES.find((profile) => profile === turn.profile),
        metadata: sourceOf(found, read.facts),
      },
      parentId: attempt.job.parentId,
    });
    const changes = { ...changesOf(found, { stored, read }), documentId: document.id, changedAt: now };
    return {
      result: { outcome: 'kept', documentId: document.id, processingJobId: job.id },
      // The document before the row that refers to it.
      statements: [
        ...statements,
        repository.fetched(turn.ownerId, { id: turn.id, changes, now }),
        entry(attempt, document.id),
      ],
      makes: [job.id],
    };
  };

  const entry = ({ job }: Attempt, documentId: string) =>
    audit.ofJob({ action: 'job.fetchResource', job, object: { type: 'document', id: documentId } });

  const replace = async (
    attempt: Attempt,
    { found, document, stored, read }: { found: Found; document: FiledDocument; stored: Stored; read: Read },
  ): Promise<Completion> => {
    const { turn } = found;
    const now = clock.now();
    const changes = { ...changesOf(found, { stored, read }), changedAt: now };
    const { job } = await upload.replaceStored(document, {
      contentId: stored.place.contentId,
      file: { ...stored.written, filename: stored.filename, mediaType: stored.mediaType },
      metadata: { ...document.metadata, ...sourceOf(found, read.facts) },
      also: [
        attempt.requireLease(),
        repository.fetched(turn.ownerId, { id: turn.id, changes, now }),
        entry(attempt, document.id),
      ],
    });
    return { result: { outcome: 'changed', documentId: document.id, processingJobId: job.id }, statements: [] };
  };

  return {
    /** Keeps what was found. What it returns, or has committed, is one document, however often it is tried. */
    async keep(attempt: Attempt, found: Found): Promise<Completion> {
      const { turn, document } = found;
      const { stored, read } = await store(attempt, found);
      let mayBeCommitted = false;
      try {
        await attempt.prove();
        if (!document) return makeDocument(attempt, { found, stored, read });
        if (stored.written.sha256 === document.sha256) {
          await archive.removeContent(stored.place);
          const changes = changesOf(found, { stored, read });
          const statement = repository.fetched(turn.ownerId, { id: turn.id, changes, now: clock.now() });
          return { result: { outcome: 'unchanged', documentId: document.id }, statements: [statement] };
        }
        mayBeCommitted = true;
        return await replace(attempt, { found, document, stored, read });
      } catch (error) {
        const isRefused = error instanceof AppError || error instanceof LeaseLostError || isGuardFailure(error);
        if (!mayBeCommitted || isRefused) await archive.removeContent(stored.place);
        throw error;
      }
    },
  };
}

/** What a document says of where it is from. */
function sourceOf({ turn, answer }: Found, facts: PageFacts): FiledDocument['metadata'] {
  const { author, siteName, publishedAt, licence, language, canonicalUrl = answer.url } = facts;
  const source = {
    sourceUrl: turn.url,
    canonicalUrl,
    author,
    siteName,
    publishedAt,
    licence,
    language,
    resourceId: turn.id,
  };
  return Object.fromEntries(
    Object.entries(source).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

async function readKept(
  bytes: Uint8Array | undefined,
  { answer, peeked }: Pick<Found, 'answer' | 'peeked'>,
): Promise<Read> {
  const { url, mediaType, links } = answer;
  const isPage = looksLikePage(peeked.head, mediaType);
  const stated = linkedIn(links, url);
  if (!isPage || !bytes) return { facts: stated, measures: undefined, isPage };
  try {
    const { facts, measures } = await readPage(bytes, { url, mediaType });
    return { facts: { ...stated, ...facts }, measures, isPage };
  } catch {
    // Reading it as a document says what is wrong with it.
    return { facts: stated, measures: undefined, isPage };
  }
}

function looksLikePage(head: Uint8Array, mediaType: string): boolean {
  if (/^(text\/html|application\/xhtml\+xml)\b/i.test(mediaType)) return true;
  const isUnknown =
    mediaType === '' || /^(application\/octet-stream|text\/plain|application\/xml|text\/xml)\b/i.test(mediaType);
  return (
    isUnknown && /^\s*(<\?xml[^>]*>\s*)?(<!--[\s\S]*?-->\s*)*<(!doctype\s+html|html)[\s>]/i.test(decodeText(head).text)
  );
}

/** Gives a sign of life while something passes. */
async function* signed(body: AsyncIterable<Uint8Array>, sign: () => Promise<void>): AsyncGenerator<Uint8Array> {
  for await (const piece of body) {
    yield piece;
    await sign();
  }
}
