import type { Database, Statement } from '../../db/client.ts';
import type { IndexOf } from '../../index-object/client.ts';
import type { LabelText } from '../../index-object/index.types.ts';
import type { Logger } from '../../platform/logger.ts';
import type { JobsService } from '../ingestion/ingestion.service.ts';
import type { JobHandler } from '../ingestion/job-runner.ts';
import { tagLabel } from './indexed-document.ts';
import { subjectOf } from './library.jobs.ts';
import { createTagsRepository } from './tags.repository.ts';

/** A tag as the index has to know it. */
export type NamedTag = { id: string; name: string; version: number };

/** Has the index follow what tags are called: documents are found by the names of theirs. */
export type TagTexts = {
  /** The job that makes sure of it, to be committed with the change. */
  prepare(ownerId: string, id: string): { insert: Statement; jobId: string };
  /** Lets the next search see it; if the index cannot be reached now, the job repeats this. */
  show(change: { ownerId: string; id: string; tag: NamedTag | undefined; jobId: string }): Promise<void>;
};

export function tagText({ id, name, version }: NamedTag): LabelText {
  return { label: tagLabel(id), text: name, version };
}

type Deps = { jobs: JobsService; indexOf: IndexOf; logger: Logger };

export function createTagTexts({ jobs, indexOf, logger }: Deps): TagTexts {
  return {
    prepare(ownerId, id) {
      const { job, insert } = jobs.prepare(ownerId, { type: 'sync_tag', subjectId: id });
      return { insert, jobId: job.id };
    },
    async show({ ownerId, id, tag, jobId }) {
      jobs.wakeAfterAnswer([jobId]);
      try {
        await follow(indexOf, { ownerId, id, tag });
      } catch (error) {
        logger.error('index.update_postponed', error, { tagId: id });
      }
    },
  };
}

/** Brings the index to what the catalogue has of a tag now. */
export function createSyncTag({ database, indexOf }: { database: Database; indexOf: IndexOf }): JobHandler {
  const repository = createTagsRepository(database);
  return {
    async run({ job }) {
      const id = subjectOf(job);
      const tag = await repository.find(job.ownerId, id);
      await follow(indexOf, { ownerId: job.ownerId, id, tag });
      return { result: { synced: true }, statements: [] };
    },
    onFailure: () => [],
  };
}

type Followed = { ownerId: string; id: string; tag: NamedTag | undefined };

async function follow(indexOf: IndexOf, { ownerId, id, tag }: Followed): Promise<void> {
  const index = indexOf(ownerId);
  if (tag === undefined) await index.dropLabels([tagLabel(id)]);
  else await index.putLabelTexts([tagText(tag)]);
}
