import type { Database, Statement } from '../../db/client.ts';
import type { Changes, Trash } from '../../db/repository.ts';
import { isGuardFailure, requireChange } from '../../db/sql.ts';
import type { IndexOf } from '../../index-object/client.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Actor } from '../../shared/actor.ts';
import { notFound, staleVersion } from '../../shared/app-error.ts';
import type { PageRequest } from '../../shared/page.ts';
import type { Profile } from '../ingestion/chunking.ts';
import type { Job, JobsService, JobType } from '../ingestion/ingestion.service.ts';
import { createAttributeSweep } from './attribute-sweep.ts';
import type { CollectionsService } from './collections.service.ts';
import { createDocumentsRepository, type DocumentFilter, type FiledDocument } from './documents.repository.ts';
import { createFamiliesRepository, type FamilyScope } from './families.repository.ts';
import { toIndexedDocument } from './indexed-document.ts';
import type { documents } from './library.table.ts';
import type { TagsService } from './tags.service.ts';

export type { FiledDocument } from './documents.repository.ts';
export type { FamilyScope } from './families.repository.ts';

type Deps = {
  database: Database;
  clock: Clock;
  logger: Logger;
  indexOf: IndexOf;
  jobs: JobsService;
  tags: TagsService;
  collections: CollectionsService;
};

export type DocumentChanges = {
  title?: string | undefined;
  /** Null leaves it to the rules. */
  profile?: Profile | null | undefined;
  metadata?: FiledDocument['metadata'] | undefined;
  /** Names; the document has exactly these afterwards. */
  tags?: string[] | undefined;
};

export type ListDocuments = PageRequest & DocumentFilter & { trashed: boolean };

type Revision = {
  id: string;
  changes: Changes<typeof documents>;
  expectedVersion?: number | undefined;
  /** Whether the document must be live (the default), in the trash, or either. */
  trash?: Trash | undefined;
  /** Committed with the change, and ahead of it. */
  before?: Statement[];
  /** Committed with the change, behind it. */
  also?: Statement[];
  /** The job that makes the index follow. */
  job?: JobType;
};

/** A document that is to go, and what of that which came out of it goes along. */
type Removal = { id: string; expectedVersion?: number | undefined; family?: FamilyScope | undefined };

/** What something may have come out of. */
const CONTAINERS = new Set(['email', 'mailbox', 'zip']);

/** Verbs on documents. Each change is one batch: the rows, and the job that makes the index follow them. */
export function createDocumentsService(deps: Deps) {
  const { database, clock, jobs, tags } = deps;
  const repository = createDocumentsRepository(database);
  const families = createFamiliesRepository(database);

  /** Why a guarded change was refused. */
  const refusal = async (ownerId: string, { id, trash }: Revision): Promise<Error> => {
    const document = await repository.find(ownerId, id, trash);
    return document && document.status !== 'deleting' ? staleVersion('document') : notFound('document');
  };

  const revise = async (ownerId: string, revision: Revision): Promise<{ document: FiledDocument; job: Job }> => {
    const { id, changes, expectedVersion, trash, before = [], also = [], job: type = 'sync_document' } = revision;
    const { job, insert } = jobs.prepare(ownerId, { type, subjectId: id });
    const change = { id, changes, expectedVersion, now: clock.now(), trash };
    // Syncing may wait for content that is being read; reading anew or deleting replaces whatever was planned.
    const replaced = type === 'sync_document' ? [] : [jobs.supersede(ownerId, id)];
    try {
      const [document] = await database.commitAndRead(
        [...before, repository.revise(ownerId, change), requireChange(database), ...also, ...replaced, insert],
        repository.select(ownerId, id),
      );
      if (!document) throw notFound('document');
      jobs.wakeAfterAnswer([job.id]);
      return { document, job };
    } catch (error) {
      throw isGuardFailure(error) ? await refusal(ownerId, revision) : error;
    }
  };

  /** Lets the next search see a change; if the index cannot be reached now, the change's job repeats this. */
  const show = async (document: FiledDocument): Promise<void> => {
    try {
      await deps.indexOf(document.ownerId).updateDocument(toIndexedDocument(document));
    } catch (error) {
      deps.logger.error('index.update_postponed', error, { documentId: document.id });
    }
  };

  const reviseAndShow = async (ownerId: string, revision: Revision): Promise<FiledDocument> => {
    const { document } = await revise(ownerId, revision);
    await show(document);
    return document;
  };

  /** Has the index follow what went along with a document. The job is made only if there is anything of that kind. */
  const followFamily = (ownerId: string, id: string) => {
    const { jobs: prepared, insert } = jobs.prepareMany(
      [{ ownerId, type: 'sync_family', subjectId: id }],
      families.isOnParent,
    );
    const wake = ({ kind }: FiledDocument) => {
      if (CONTAINERS.has(kind ?? '')) jobs.wakeAfterAnswer(prepared.map((job) => job.id));
    };
    return { insert, wake };
  };

  const get = async (actor: Actor, id: string): Promise<FiledDocument> => {
    const document = await repository.find(actor.userId, id);
    if (!document) throw notFound('document');
    return document;
  };

  return {
    /** Figures about an owner's documents, to be read with others. */
    summarise: repository.summarise,

    /** Sends the indexes what they have learned to filter by since. @returns of how many documents. */
    sendUnsentAttributes: createAttributeSweep(deps).run,

    get,
    revise,
    show,

    /** The document, for a batch of somebody else's. */
    select: (ownerId: string, id: string, trash?: Trash) => repository.select(ownerId, id, trash),

    /** Undoes a batch of somebody else's unless the document is live and has been read. */
    requireReady: repository.requireReady,

    list(actor: Actor, { trashed, ...options }: ListDocuments) {
      return repository.list(actor.userId, { ...options, trash: trashed ? 'only' : 'exclude' });
    },

    /** A new profile cuts the text anew; everything else takes effect at once. */
    change(
      actor: Actor,
      { id, changes, expectedVersion }: { id: string; changes: DocumentChanges; expectedVersion?: number | undefined },
    ) {
      const { tags: tagNames, title, profile, ...columns } = changes;
      const named = title === undefined ? {} : { title, titleIsGiven: true };
      const also =
        tagNames === undefined
          ? []
          : tags.replaceStatements(actor.userId, { documentId: id, names: tagNames, now: clock.now() });
      const reread = profile === undefined ? {} : { status: 'pending' as const, ...chosen(profile) };
      return reviseAndShow(actor.userId, {
        id,
        changes: defined({ ...columns, ...named, ...reread }),
        expectedVersion,
        also,
        job: profile === undefined ? 'sync_document' : 'process_document',
      });
    },

    /** Moves the document to the trash, and what goes along with it. */
    async trash(actor: Actor, { id, expectedVersion, family = 'attachments' }: Removal): Promise<void> {
      const { userId: ownerId } = actor;
      const now = clock.now();
      const following = followFamily(ownerId, id);
      const also = family === 'none' ? [] : [families.trash(ownerId, { id, scope: family, now }), following.insert];
      following.wake(await reviseAndShow(ownerId, { id, changes: { deletedAt: now }, expectedVersion, also }));
    },

    /** Brings the document back, and what went to the trash together with it. */
    async restore(actor: Actor, id: string): Promise<FiledDocument> {
      const { userId: ownerId } = actor;
      const following = followFamily(ownerId, id);
      const document = await reviseAndShow(ownerId, {
        id,
        changes: { deletedAt: null },
        trash: 'only',
        before: [families.restore(ownerId, { id, now: clock.now() })],
        also: [following.insert],
      });
      following.wake(document);
      return document;
    },

    /** Hides the document at once and removes every trace of it by a job, whose end proves that nothing is left. */
    async removePermanently(actor: Actor, { id, expectedVersion, family = 'attachments' }: Removal) {
      const now = clock.now();
      const { document, job } = await revise(actor.userId, {
        id,
        changes: { status: 'deleting', deletedAt: now },
        expectedVersion,
        trash: 'include',
        also: family === 'none' ? [] : [families.beginDeletion(actor.userId, { id, scope: family, now })],
        job: 'delete_document',
      });
      await show(document);
      return job;
    },

    /** Reads the file again, from its original bytes. */
    reprocess: (actor: Actor, id: string) =>
      revise(actor.userId, { id, changes: { status: 'pending' }, job: 'process_document' }),

    async addToCollection(actor: Actor, item: { collectionId: string; documentId: string }) {
      const now = clock.now();
      const also = deps.collections.addItemStatements(actor.userId, { ...item, now });
      await reviseAndShow(actor.userId, { id: item.documentId, changes: {}, also });
    },

    async removeFromCollection(actor: Actor, item: { collectionId: string; documentId: string }) {
      const also = deps.collections.removeItemStatements(actor.userId, { ...item, now: clock.now() });
      await reviseAndShow(actor.userId, { id: item.documentId, changes: {}, also });
    },
  };
}

export type DocumentsService = ReturnType<typeof createDocumentsService>;

const chosen = (profile: Profile | null) => ({
  profile: profile ?? 'general',
  profileChosenBy: profile === null ? ('rules' as const) : ('user' as const),
});

function defined<T extends object>(changes: T): T {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as T;
}
