import path from 'node:path';
import type { Page } from '../../scripts/client.ts';
import { run } from '../../scripts/processes.ts';
import { ROOT } from '../../scripts/project.ts';
import type { Log } from './campaign.ts';
import type { MixedDocument } from './mixed-documents.ts';
import {
  ageArchive,
  type CataloguedDocument,
  readArchiveKeys,
  readCatalogue,
  readFailedJobs,
  readIndex,
  readOpenJobs,
} from './persisted-state.ts';
import { ACCOUNT, type World } from './world.ts';

/** What must be true in the end, however often something went wrong. Each function returns what is not. */

/** The reconciliation leaves alone what is younger than an hour. */
const TWO_HOURS_MS = 2 * 60 * 60_000;
const FILES_OF_READY = ['embeddings.bin', 'original', 'reading.json'];

type Found = Page<{ documentId: string; title: string }>;

/** Searches for every word that was planted, then looks at all stores of the stopped server. */
export async function judge(world: World, { files, tell }: { files: MixedDocument[]; tell: Log }): Promise<string[]> {
  const found = new Map<string, string[]>();
  for (const word of files.flatMap(({ planted }) => planted)) {
    const { body } = await world.client().call<Found>(`/v1/search?q=${word}&mode=keyword&match=all`);
    found.set(
      word,
      body.items.map(({ documentId }) => documentId),
    );
  }
  const reconciled = await reconcile(world);
  tell(`npm run reconcile: ${reconciled.output}`);
  await world.server().stop();
  const catalogue = readCatalogue(world.persistTo);
  const problems = [
    ...(reconciled.code === 0 ? [] : [`npm run reconcile: ${reconciled.output}`]),
    ...files.flatMap((file) => judgeFile(file, { catalogue, found })),
    ...judgeNumbers(files, catalogue),
    ...judgeIndex(world.persistTo, catalogue),
    ...judgeJobs(world.persistTo, { catalogue, files }),
  ];
  const children = catalogue.filter(({ parentId }) => parentId !== null).length;
  const states = Object.groupBy(catalogue, ({ status }) => status);
  const counts = Object.entries(states).map(([status, list = []]) => `${list.length} ${status}`);
  tell(`${catalogue.length} documents, ${children} of them out of others: ${counts.join(', ')}`);
  tell(
    `${found.size} words were searched for, each stands in one passage: ${[...found.values()].every((ids) => ids.length === 1)}`,
  );
  return problems;
}

/**
 * Looks at the archive of the stopped server. Bytes of uploads that never became documents wait there for an hour, in
 * which they still might, and go with the next reconciliation.
 */
export async function judgeLeftBehind(
  world: World,
  { mayHaveOrphans, tell }: { mayHaveOrphans: boolean; tell: Log },
): Promise<string[]> {
  const { persistTo } = world;
  const orphans = orphansIn(persistTo);
  const missing = missingIn(persistTo);
  tell(`${orphans.length} objects of uploads that never became documents`);
  if (orphans.length === 0 || !mayHaveOrphans)
    return [...missing, ...orphans.map((key) => `orphan in the archive: ${key}`)];
  ageArchive(persistTo, TWO_HOURS_MS);
  await world.start();
  const first = await reconcile(world);
  tell(`npm run reconcile, two hours later: ${first.output}`);
  const others = first.output.split('\n').filter((line) => /^\s/.test(line) && !/^\s*orphan_object\b/.test(line));
  const second = await reconcile(world);
  tell(`npm run reconcile, once more: ${second.output}`);
  await world.server().stop();
  return [
    ...missing,
    ...others.map((line) => `found two hours later: ${line.trim()}`),
    ...(second.code === 0 ? [] : [`npm run reconcile, once more: ${second.output}`]),
    ...orphansIn(persistTo).map((key) => `orphan in the archive: ${key}`),
    ...missingIn(persistTo),
  ];
}

/** The command that people have for it. */
async function reconcile(world: World): Promise<{ code: number; output: string }> {
  const script = path.join(ROOT, 'scripts', 'reconcile.ts');
  const { username, password } = ACCOUNT;
  const args = ['--url', world.server().url, '--user', username, '--password', password];
  const finished = await run(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args], {
    capture: true,
  });
  return { ...finished, output: finished.output.trim() };
}

type Seen = { catalogue: CataloguedDocument[]; found: Map<string, string[]> };

/** A file is one document in the state that it must be in, with what came out of it, found by each of its words. */
function judgeFile({ name, planted, children, error }: MixedDocument, { catalogue, found }: Seen): string[] {
  const own = catalogue.filter(({ filename, parentId }) => filename === name && parentId === null);
  const [document] = own;
  if (document === undefined || own.length > 1) return [`${name} is ${own.length} documents`];
  const state = document.errorCode ?? document.status;
  const out = catalogue.filter(({ parentId }) => parentId === document.id);
  const family = new Set([document, ...out].map(({ id }) => id));
  const unready = out.filter(({ status }) => status !== 'ready');
  return [
    ...(state === (error ?? 'ready') ? [] : [`${name} is ${state} instead of ${error ?? 'ready'}`]),
    ...(out.length === children ? [] : [`${out.length} documents came out of ${name} instead of ${children}`]),
    ...unready.map(({ filename, status }) => `${filename} out of ${name} is ${status}`),
    ...planted.flatMap((word) => {
      const ids = found.get(word) ?? [];
      const isRight = ids.length === 1 && ids.every((id) => family.has(id));
      return isRight ? [] : [`“${word}” of ${name} stands in ${ids.length} passages`];
    }),
  ];
}

function judgeNumbers(files: MixedDocument[], catalogue: CataloguedDocument[]): string[] {
  const expected = files.reduce((sum, { children }) => sum + 1 + children, 0);
  return catalogue.length === expected ? [] : [`there are ${catalogue.length} documents instead of ${expected}`];
}

/** Passages, their words and their vectors are those that the catalogue counts, and nothing is half-way or left over. */
function judgeIndex(persistTo: string, catalogue: CataloguedDocument[]): string[] {
  const index = new Map(readIndex(persistTo).map((entry) => [entry.documentId, entry]));
  const unknown = [...index.keys()].filter((id) => !catalogue.some((document) => document.id === id));
  return [
    ...unknown.map((id) => `orphan in the index: ${id}`),
    ...catalogue.flatMap(({ id, filename, status, chunkCount }) => {
      const { chunks = 0, words = 0, vectors = 0, staged = 0 } = index.get(id) ?? {};
      const expected = status === 'ready' ? chunkCount : 0;
      const isRight = [chunks, words, vectors ?? 0].every((count) => count === expected) && staged === 0;
      return isRight
        ? []
        : [`the index has ${chunks}, ${words}, ${vectors}, ${staged} of ${filename} instead of ${expected}`];
    }),
  ];
}

/** Nothing is left to do, and nothing was given up but what cannot be read. */
function judgeJobs(
  persistTo: string,
  { catalogue, files }: Pick<Seen, 'catalogue'> & { files: MixedDocument[] },
): string[] {
  const broken = new Set(files.filter(({ error }) => error !== undefined).map(({ name }) => name));
  const unreadable = new Set(catalogue.filter(({ filename }) => broken.has(filename)).map(({ id }) => id));
  return [
    ...readOpenJobs(persistTo).map(({ id, status }) => `job ${id} is ${status}`),
    ...readFailedJobs(persistTo)
      .filter(({ subjectId }) => !unreadable.has(subjectId ?? ''))
      .map(({ type, subjectId, errorCode }) => `${type} of ${subjectId} was given up: ${errorCode}`),
  ];
}

const folderOf = (key: string): string => key.split('/').slice(3, 5).join('/');

/** Objects that belong to no document's present bytes. */
function orphansIn(persistTo: string): string[] {
  const folders = new Set(readCatalogue(persistTo).map(({ id, contentId }) => `${id}/${contentId}`));
  return readArchiveKeys(persistTo).filter((key) => !folders.has(folderOf(key)));
}

/** What documents must have in the archive and have not. */
function missingIn(persistTo: string): string[] {
  const keys = new Set(readArchiveKeys(persistTo).map((key) => `${folderOf(key)}/${key.split('/').at(-1)}`));
  return readCatalogue(persistTo).flatMap(({ id, contentId, filename, status }) =>
    (status === 'ready' ? FILES_OF_READY : ['original'])
      .filter((name) => !keys.has(`${id}/${contentId}/${name}`))
      .map((name) => `${filename} has no ${name} in the archive`),
  );
}
