import type { Config } from '../../config.ts';
import type { Database } from '../../db/client.ts';
import type { Clock } from '../../platform/clock.ts';
import type { AnalysesService } from '../analyses/analyses.service.ts';
import type { AuditService } from '../audit/audit.service.ts';
import type { Archive } from '../ingestion/archive.ts';
import type { Job, JobsService } from '../ingestion/ingestion.service.ts';
import { NotYetError, PermanentJobError } from '../ingestion/job-lifecycle.ts';
import type { JobHandler } from '../ingestion/job-runner.ts';
import { subjectOf } from './library.jobs.ts';
import { createVersionsRepository } from './versions.repository.ts';

type Deps = {
  database: Database;
  clock: Clock;
  config: Pick<Config, 'JOB_LEASE_MS'>;
  archive: Archive;
  jobs: JobsService;
  analyses: Pick<AnalysesService, 'forgetContent'>;
  audit: AuditService;
};

/** Removes the bytes of a version whose row has gone, unless another version of the document consists of them too. */
export function createDeleteVersion({ database, clock, config, archive, jobs, analyses, audit }: Deps): JobHandler {
  const repository = createVersionsRepository(database);

  return {
    async run({ job }) {
      const { ownerId } = job;
      const contentId = subjectOf(job);
      const documentId = documentOf(job);
      const entry = audit.ofJob({ action: 'job.deleteVersion', job, object: { type: 'document', id: documentId } });
      // Once nothing consists of them, nothing will: versions are brought back from rows that are there.
      const held = await repository.contentsOf(ownerId, [documentId]);
      if (held.some((content) => content.contentId === contentId)) {
        return { result: { removed: false }, statements: [entry] };
      }
      const place = { ownerId, documentId, contentId };
      await archive.removeContent(place);
      const objects = (await archive.listFiles(place)).length;
      if (objects > 0) throw new Error(`${objects} objects are left of a deleted version.`);
      // An attempt that was stopped may not have noticed yet, and put down once more what it was holding.
      const { lastAt } = await jobs.stoppedAttempts(ownerId, documentId);
      const quietAt = lastAt + config.JOB_LEASE_MS;
      if (clock.now() < quietAt) throw new NotYetError('It is gone; one last look follows.', quietAt - clock.now());
      const forgotten = analyses.forgetContent(ownerId, { documentId, contentId });
      return { result: { removed: true, remaining: { objects } }, statements: [forgotten, entry] };
    },
    onFailure: () => [],
  };
}

function documentOf({ checkpoint }: Job): string {
  const { documentId } = checkpoint;
  if (typeof documentId === 'string') return documentId;
  throw new PermanentJobError('no_subject', 'The job does not say what it is about.');
}
