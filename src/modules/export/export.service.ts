import type { Clock } from '../../platform/clock.ts';
import type { StoredFile } from '../../platform/files/file-store.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Actor } from '../../shared/actor.ts';
import { archiveName } from '../../shared/archive-names.ts';
import { jsonTextField } from '../../shared/json-text-field.ts';
import type { Page, PageRequest } from '../../shared/page.ts';
import { streamOf } from '../../shared/stream-of.ts';
import { isoTime, isoTimeOrNull } from '../../shared/time.ts';
import { createZipStream, type ZipFile, type ZippedFile } from '../../shared/zip-stream.ts';
import { presentKeptAnalysis } from '../analyses/analyses.presenter.ts';
import type { ApiKeysService } from '../identity/api-keys.service.ts';
import type { AuthService } from '../identity/auth.service.ts';
import type { AvatarsService } from '../identity/avatars.service.ts';
import { sessionRequired } from '../identity/identity.errors.ts';
import { presentApiKey, presentSession, presentUser } from '../identity/identity.presenter.ts';
import { presentJob } from '../ingestion/ingestion.presenter.ts';
import type { JobsService } from '../ingestion/ingestion.service.ts';
import { presentCollection } from '../library/collections.presenter.ts';
import { presentDocument } from '../library/documents.presenter.ts';
import type { DocumentRange, Holdings, LibraryExport } from '../library/library-export.ts';
import { presentTag } from '../library/tags.presenter.ts';
import { presentVersion } from '../library/versions.presenter.ts';
import { presentResource } from '../resources/resources.presenter.ts';
import type { ResourcesService } from '../resources/resources.service.ts';
import { presentHistoryEntry, presentSavedSearch } from '../search/history.presenter.ts';
import type { QueriesService } from '../search/queries.service.ts';
import { bytesOf, jsonLines, jsonList, jsonText, type Manifest, manifestText } from './exported-files.ts';

type Deps = {
  clock: Clock;
  logger: Logger;
  auth: Pick<AuthService, 'getAccount' | 'listSessions'>;
  avatars: Pick<AvatarsService, 'open'>;
  apiKeys: ApiKeysService;
  jobs: JobsService;
  library: LibraryExport;
  queries: Pick<QueriesService, 'exported' | 'saved'>;
  resources: Pick<ResourcesService, 'list'>;
};

type Account = Awaited<ReturnType<AuthService['getAccount']>>;

export type AccountArchive = {
  filename: string;
  body: ReadableStream<Uint8Array>;
  /** Of the archive with further documents. */
  nextCursor: string | null;
};

/** A Worker may make 10,000 calls in one request; a document takes two or three, and one for each earlier version. */
export const FILES_PER_ARCHIVE = 3_000;
const ROWS_PER_PAGE = 200;
/** Names that a document's folder has for itself. */
const OWN_NAMES = { metadata: 'metadata.json', text: 'text.txt', analyses: 'analyses.json', versions: 'versions' };
const TAKEN = new Set(Object.values(OWN_NAMES));

/** What has become of the documents so far. */
type Progress = Pick<Manifest, 'incomplete'> & { documents: number };

/** An account with everything in it as one archive, written while it is downloaded: nothing of it is stored or gathered. */
export function createAccountExport(deps: Deps) {
  const { clock, logger, auth, avatars, apiKeys, jobs, library, queries, resources } = deps;

  /** What stands beside the documents, in the first archive only. */
  async function* accountFiles(actor: Actor, user: Account): AsyncGenerator<Omit<ZipFile, 'modifiedAt'>> {
    const sessions = pages((page) => auth.listSessions(actor, page));
    const keys = pages((page) => apiKeys.list(actor, page));
    yield { name: 'account.json', body: bytesOf([jsonText(presentUser(user))]) };
    const { avatar } = user;
    if (avatar)
      yield { name: `avatar.${avatar.mediaType.slice('image/'.length)}`, body: await avatars.open(actor, avatar) };
    yield { name: 'sessions.json', body: bytesOf(jsonList(sessions, (session) => presentSession(session, actor))) };
    yield { name: 'api-keys.json', body: bytesOf(jsonList(keys, presentApiKey)) };
    yield {
      name: 'collections.json',
      body: bytesOf(
        jsonList(library.collections(actor.userId), (collection) => ({
          ...presentCollection(collection),
          deletedAt: isoTimeOrNull(collection.deletedAt),
        })),
      ),
    };
    yield { name: 'tags.json', body: bytesOf(jsonList(library.tags(actor.userId), presentTag)) };
    const wanted = pages((page) => resources.list(actor, page));
    yield { name: 'resources.ndjson', body: bytesOf(jsonLines(wanted, presentResource)) };
    yield {
      name: 'queries.ndjson',
      body: bytesOf(jsonLines(queries.exported.pages(actor.userId), presentHistoryEntry)),
    };
    yield { name: 'saved-searches.json', body: bytesOf(jsonList(queries.saved.pages(actor), presentSavedSearch)) };
    const ended = pages((page) => jobs.list(actor, page));
    yield { name: 'jobs.ndjson', body: bytesOf(jsonLines(ended, presentJob)) };
  }

  /** The original, its text and what is known of it. */
  async function* documentFiles(
    { document, original, openReading, analyses, earlier }: Holdings & { original: StoredFile },
    progress: Progress,
  ): AsyncGenerator<ZipFile> {
    const folder = `documents/${document.id}`;
    const name = archiveName(document.filename, TAKEN);
    const modifiedAt = document.updatedAt;
    yield { name: `${folder}/${name}`, modifiedAt, body: original.body, expectedBytes: original.size };
    const reading = await openReading();
    if (reading) {
      const body = bytesOf(jsonTextField(reading.body, 'text'));
      yield { name: `${folder}/${OWN_NAMES.text}`, modifiedAt, body, expectedBytes: reading.size };
    }
    const known = analyses.map((analysis) => presentKeptAnalysis(analysis, document));
    yield { name: `${folder}/${OWN_NAMES.analyses}`, modifiedAt, body: bytesOf([jsonText(known)]) };
    const versions: object[] = [];
    for (const { version, open } of earlier) {
      const file = `${OWN_NAMES.versions}/${version.number}/${archiveName(version.filename)}`;
      const stored = await open();
      if (stored) {
        const { body, size: expectedBytes } = stored;
        yield { name: `${folder}/${file}`, modifiedAt: version.createdAt, body, expectedBytes };
      } else {
        const reason = `The file of version ${version.number} was gone when its turn came.`;
        progress.incomplete.push({ documentId: document.id, reason });
      }
      versions.push({ ...presentVersion({ ...version, isPresent: false }), file: stored ? file : null });
    }
    const files = { original: name, text: reading ? OWN_NAMES.text : null };
    const facts = jsonText({ ...presentDocument(document), files, versions });
    yield { name: `${folder}/${OWN_NAMES.metadata}`, modifiedAt, body: bytesOf([facts]) };
  }

  async function* documents(
    range: DocumentRange & { count: number },
    { actor, progress }: { actor: Actor; progress: Progress },
  ): AsyncGenerator<ZipFile> {
    for await (const { original, ...holdings } of library.documents(actor.userId, range)) {
      if (original) {
        yield* documentFiles({ ...holdings, original }, progress);
        progress.documents += 1;
      } else {
        progress.incomplete.push({ documentId: holdings.document.id, reason: 'Its file was gone when its turn came.' });
      }
    }
  }

  return {
    /**
     * The archive, or with a cursor the next one. It holds the documents that there were when it began; what is changed or
     * deleted while it is written stands in it as it was when its turn came, or not at all. Its last file lists the others.
     * @throws AppError `session_required`; InvalidCursorError.
     */
    async open(actor: Actor, { cursor }: { cursor?: string | undefined }): Promise<AccountArchive> {
      if (actor.credential.type !== 'session') throw sessionRequired();
      const startedAt = clock.now();
      const range = { cursor, createdTo: startedAt };
      const user = await auth.getAccount(actor);
      const { count, nextCursor } = await library.measure(actor.userId, { ...range, files: FILES_PER_ARCHIVE });
      const progress: Progress = { documents: 0, incomplete: [] };

      async function* archive(): AsyncGenerator<Uint8Array> {
        const zip = createZipStream();
        const files: ZippedFile[] = [];
        if (cursor === undefined) {
          for await (const file of accountFiles(actor, user)) {
            files.push(yield* zip.add({ ...file, modifiedAt: startedAt }));
          }
        }
        for await (const file of documents({ ...range, count }, { actor, progress })) files.push(yield* zip.add(file));
        const manifest: Manifest = {
          exportedAt: isoTime(startedAt),
          documentsUntil: isoTime(startedAt),
          user: { id: user.id, username: user.username },
          counts: { documents: progress.documents, files: files.length },
          incomplete: progress.incomplete,
          next: nextCursor && `/v1/me/export?cursor=${nextCursor}`,
        };
        yield* zip.add({
          name: 'manifest.json',
          modifiedAt: startedAt,
          body: bytesOf(manifestText(manifest, files)),
        });
        yield* zip.finish();
      }

      const day = isoTime(startedAt).slice(0, 10);
      return {
        filename: archiveName(`commonplace-${user.username}-${day}.zip`),
        body: streamOf(archive(), (error) => logger.error('export.failed', error, { userId: user.id })),
        nextCursor,
      };
    },
  };
}

/** Every page of a list, oldest first. */
async function* pages<T>(read: (page: PageRequest) => Promise<Page<T>>): AsyncGenerator<T[]> {
  for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
    const page = await read({ limit: ROWS_PER_PAGE, cursor, sort: 'createdAt', order: 'asc' });
    yield page.items;
    cursor = page.nextCursor ?? undefined;
  }
}
