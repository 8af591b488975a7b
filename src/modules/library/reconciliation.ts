import type { DocumentDescription } from '../../index-object/index-results.types.ts';
import type { Document } from './library.table.ts';

/** What the catalogue says of a document, as far as the other two stores must agree with it. */
export type CataloguedDocument = Pick<Document, 'id' | 'status' | 'revision' | 'chunkCount' | 'deletedAt'> & {
  /** Whether a job on it has not ended: then it is on its way, and differences are none. */ hasOpenJob: boolean;
};

export type Problem = {
  type:
    | 'missing_object'
    | 'missing_version'
    | 'orphan_object'
    | 'not_indexed'
    | 'index_differs'
    | 'index_stale'
    | 'orphan_in_index'
    | 'abandoned';
  documentId: string;
  detail: string;
};

/** What the other stores have of one document. */
export type Holdings = {
  /** Names within the folder of the present content. */
  files: ReadonlySet<string>;
  /** Numbers of earlier versions whose bytes the archive has not. */
  lostVersions: number[];
  indexed: DocumentDescription | undefined;
};

const FILES_OF_READY = ['original', 'reading.json', 'embeddings.bin'];

/** Differences between the catalogue, which decides, and what archive and index hold of a document. */
export function compareDocument(document: CataloguedDocument, holdings: Holdings): Problem[] {
  const { files, lostVersions, indexed } = holdings;
  if (document.hasOpenJob) return [];
  if (document.status === 'deleting') {
    return [{ type: 'abandoned', documentId: document.id, detail: 'Its deletion has stopped half-way.' }];
  }
  const problem = (type: Problem['type'], detail: string): Problem => ({ type, documentId: document.id, detail });
  const expected = document.status === 'ready' ? FILES_OF_READY : ['original'];
  const missing = [
    ...expected.filter((name) => !files.has(name)).map((name) => problem('missing_object', name)),
    ...lostVersions.map((number) => problem('missing_version', `The bytes of version ${number} are gone.`)),
  ];
  if (document.status === 'failed') return [...missing, ...compareHidden(indexed, problem)];
  if (document.status !== 'ready')
    return [...missing, problem('abandoned', `It is ${document.status} and no job is on it.`)];
  return [...missing, ...compareIndex(document, { indexed, problem })];
}

/** A document that could not be read is not found by what it said before. */
function compareHidden(indexed: DocumentDescription | undefined, problem: Compare['problem']): Problem[] {
  const isShown = indexed?.visible && indexed.contentRevision !== null;
  return isShown ? [problem('index_stale', 'The index shows a document that could not be read.')] : [];
}

type Compare = {
  indexed: DocumentDescription | undefined;
  problem: (type: Problem['type'], detail: string) => Problem;
};

function compareIndex(document: CataloguedDocument, { indexed, problem }: Compare): Problem[] {
  if (!indexed || indexed.contentRevision === null) return [problem('not_indexed', 'The index has no passages of it.')];
  const { chunks, vectors, revision, visible } = indexed;
  const found: Problem[] = [];
  if (chunks !== document.chunkCount) {
    found.push(problem('index_differs', `The index has ${chunks} passages instead of ${document.chunkCount}.`));
  }
  if (vectors !== 0 && vectors !== chunks) {
    found.push(problem('index_differs', `The index has ${vectors} vectors for ${chunks} passages.`));
  }
  if (revision !== document.revision || visible !== (document.deletedAt === null)) {
    found.push(problem('index_stale', `The index has revision ${revision} instead of ${document.revision}.`));
  }
  return found;
}

/** Whether nothing can be done about the problems: bytes that are gone come from nowhere. */
export const isBeyondMending = (problems: Problem[]): boolean =>
  problems.every(({ type }) => type === 'missing_version');

/** Which of the problems only the index's attributes have, so that syncing them is enough. */
export const needsOnlySync = (problems: Problem[]): boolean => problems.every(({ type }) => type === 'index_stale');
