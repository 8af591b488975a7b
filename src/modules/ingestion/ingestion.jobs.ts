import type { IndexOf } from '../../index-object/client.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Embeddings } from '../../platform/embeddings/embeddings.ts';
import type { ReadingModels } from '../../platform/models/reading-models.ts';
import type { VectorStore } from '../../platform/vectors/vector-store.ts';
import type { DocumentChildren } from '../library/document-children.ts';
import type { DocumentProcessing, ProcessedDocument } from '../library/document-processing.ts';
import type { Archive, ArchivePlace, Reading } from './archive.ts';
import { embedReading } from './embedding-step.ts';
import { indexReading } from './indexing-step.ts';
import type { Attempt, JobHandler } from './job-runner.ts';
import { profileToRead } from './profile-proposal.ts';
import { readOriginal } from './reading-step.ts';

type Deps = {
  clock: Clock;
  documents: DocumentProcessing;
  children: DocumentChildren;
  archive: Archive;
  embeddings: Embeddings;
  vectors: VectorStore;
  indexOf: IndexOf;
  models: ReadingModels;
};

/** Share of the work done when a step begins, in per cent. */
const PROGRESS = { embed: 40, index: 70 };
const PAGES_AT_A_STRETCH = 16;

/**
 * Turns an uploaded file into something that searches find: read, embed, index, ready. Each step leaves its result in
 * the archive, so an attempt goes on where the one before it was stopped; doing a step twice changes nothing.
 */
export function createProcessing(deps: Deps): JobHandler {
  const { documents, archive } = deps;

  const onPage = async (attempt: Attempt, [processedItems, totalItems]: [number, number]) => {
    // Reading computes right here: let whoever waits for this isolate have a turn, and the clock go on.
    if (processedItems % PAGES_AT_A_STRETCH === 0) await deps.clock.sleep(0);
    const progressPercentage = Math.round((PROGRESS.embed * processedItems) / totalItems);
    await attempt.heartbeat({ totalItems, processedItems, progressPercentage });
  };

  /** The reading made for this job, by this attempt or an earlier one. */
  const read = async (attempt: Attempt, { place, document }: { place: ArchivePlace; document: ProcessedDocument }) => {
    const known = attempt.job.checkpoint['readingHash'];
    if (known !== undefined) {
      const kept = await archive.getReading(place);
      const wanted = kept?.proposal && profileToRead(document, kept.proposal);
      if (kept?.hash === known && kept.profile === wanted) return kept;
    }
    await attempt.heartbeat({ step: 'read' });
    const canConvert = deps.models.modelFor('markdown') !== undefined;
    const { reading: own, children } = await readOriginal(archive, {
      place,
      document,
      canConvert,
      onPage: (...page) => onPage(attempt, page),
    });
    const pages = own.pageCount ?? 1;
    await attempt.heartbeat({ totalItems: pages, processedItems: pages });
    // Before the reading is kept: an attempt that finds it does not look for children again.
    const notes = await deps.children.adopt(attempt, { document, kind: own.kind, children });
    const reading = { ...own, metadata: { ...own.metadata, ...notes } };
    await attempt.prove();
    await archive.putReading(place, reading);
    await attempt.checkpoint({
      step: 'embed',
      checkpoint: { ...attempt.job.checkpoint, readingHash: reading.hash },
      progressPercentage: PROGRESS.embed,
      totalItems: reading.chunks.length,
      processedItems: 0,
    });
    return reading;
  };

  return {
    async run(attempt) {
      const { userId: ownerId } = attempt.actor;
      const document = await documents.begin(attempt.job, attempt.requireLease());
      const place = { ownerId, documentId: document.id, contentId: document.contentId };
      const reading = await read(attempt, { place, document });
      const { packed, embeddedTexts } = await embedReading(deps, {
        place,
        reading,
        formerContents: document.formerContents,
        onProgress: (done) => attempt.heartbeat(share(reading, { done, from: PROGRESS.embed, to: PROGRESS.index })),
        beforeKeeping: attempt.prove,
      });
      await attempt.heartbeat({ step: 'index', ...share(reading, { done: 0, from: PROGRESS.index, to: 100 }) });
      const shownAt = await indexReading(deps, {
        ownerId,
        document: documents.asIndexed(document, reading),
        reading,
        packed,
        formerChunkCount: document.chunkCount,
        onProgress: (done) => attempt.heartbeat(share(reading, { done, from: PROGRESS.index, to: 100 })),
        beforeShowing: attempt.prove,
      });
      const { chunks, kind } = reading;
      const analysis = documents.analyse(document);
      const ready = documents.ready(document, { reading, now: shownAt });
      return {
        result: { chunks: chunks.length, embeddedTexts, kind, embeddingModel: packed.model },
        statements: [...ready.statements, analysis.insert],
        makes: [...ready.made.map(({ id }) => id), analysis.job.id],
      };
    },
    onFailure: (job, failure) => documents.failed(job, failure),
    afterFailure: (job) => documents.hide(job),
  };
}

function share(reading: Reading, { done, from, to }: { done: number; from: number; to: number }) {
  const { length } = reading.chunks;
  const part = length === 0 ? 1 : done / length;
  return { progressPercentage: Math.round(from + (to - from) * part), totalItems: length, processedItems: done };
}
