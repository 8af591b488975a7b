import { parseArgs } from 'node:util';
import { randomFrom } from '../scripts/random.ts';
import { table } from '../scripts/terminal.ts';
import { type BenchServer, startBenchServer } from './support/bench-server.ts';
import { createCorpus } from './support/corpus.ts';
import { type FloorServer, startFloorServer } from './support/floor-server.ts';
import { largestIndexBytes } from './support/index-files.ts';
import { addDocuments, createLibrary, fill, type Library, type Loaded } from './support/library.ts';
import { get, type Load, type LoadPlan, measure } from './support/load.ts';
import { writeResults } from './support/results.ts';
import { median } from './support/statistics.ts';

/** What one owner may wait for, in milliseconds at 100,000 chunks with one caller, and hybrid requests a second with ten. */
const BUDGETS: Record<string, Budget> = {
  'keyword, all words': { p50: 2.5, p95: 5, floor: 'request' },
  'keyword, any word': { p50: 7, p95: 20, floor: 'request' },
  semantic: { p50: 6, p95: 8, floor: 'request' },
  hybrid: { p50: 14, p95: 30, perSecond: 150, floor: 'request' },
  'document by id': { p50: 2, p95: 3, floor: 'read' },
};

type Floor = keyof FloorServer['paths'];
type Budget = { p50: number; p95: number; perSecond?: number; floor: Floor };

/**
 * What the least that a Worker can do took (p50, milliseconds) where the budgets were set. Machines differ, and from one
 * hour to the next: a machine on which the floor takes longer by some factor gets that factor on its budgets.
 */
const REFERENCE_FLOOR_MS: Record<Floor, number> = { request: 0.5, read: 1.2 };

const SEED = 1_729;
const OTHER_OWNERS = 200;
const DOCUMENTS_OF_OTHERS = 3;
const PARAGRAPHS_OF_OTHERS = 5;
const EXPLAINED_SEARCHES = 20;
const PLAN = { rounds: 5, roundMs: 2_000, warmUpMs: 1_500 };
const QUICK_PLAN = { rounds: 2, roundMs: 700, warmUpMs: 500 };

type Options = { sizes: number[]; others: number; plan: Omit<LoadPlan, 'callers'> };
type Operation = { name: string; path: () => string; isSearch: boolean };
type Measured = {
  name: string;
  one: Load;
  ten: Load;
  /** Median milliseconds by the Worker's own clock. */
  inside: number;
  /** Most D1 round trips of any request. */
  roundTrips: number;
  /** Median rows read in the index; null where it is not asked. */
  rowsRead: number | null;
  cached: number;
};

type AtFloor = { measured: Measured[]; floorMs: Record<Floor, number> };
type Stage = AtFloor & { stage: string; chunks: number; ingest?: Loaded; indexBytes: number };

/** Searches of one owner: alone at several sizes, then with other owners' libraries beside it. */
export async function run(args: string[]): Promise<void> {
  const { sizes, others, plan } = parseOptions(args);
  const random = randomFrom(SEED);
  const corpus = createCorpus(random);
  const bench = await startBenchServer({ SCRYPT_COST_LOG2: '10', ACCESS_TOKEN_SECONDS: '86400' });
  const floor = await startFloorServer();
  const stages: Stage[] = [];
  try {
    console.log(`Load goes to the ${bench.port} port. Milliseconds; ± is half the span of ${plan.rounds} rounds.`);
    const library = await createLibrary(bench.server.url, 'owner');
    const operations = operationsOn(library, { corpus, random });
    for (const size of sizes) {
      const ingest = await fill(library, size, corpus);
      const measured = await measureAll(bench, { library, operations, floor, plan });
      const indexBytes = largestIndexBytes(bench.persistTo);
      const stage = `${library.chunks.toLocaleString('en')} chunks, one owner`;
      stages.push({ stage, chunks: library.chunks, ingest, indexBytes, ...measured });
      show(stage, { ingest, indexBytes, ...measured });
    }
    if (others > 0) {
      await loadOthers(bench, { others, corpus });
      const measured = await measureAll(bench, { library, operations, floor, plan });
      const indexBytes = largestIndexBytes(bench.persistTo);
      const stage = `${library.chunks.toLocaleString('en')} chunks, and ${others} other owners`;
      stages.push({ stage, chunks: library.chunks, indexBytes, ...measured });
      show(stage, { indexBytes, ...measured });
    }
    for (const [index, later] of stages.entries()) {
      const earlier = stages[index - 1];
      if (earlier) showRatios(earlier, later);
    }
    console.log(`\nWritten to ${await writeResults('search', { port: bench.port, seed: SEED, plan, stages })}`);
  } finally {
    await Promise.all([bench.close(), floor.close()]);
  }
}

function parseOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: { chunks: { type: 'string' }, others: { type: 'string' }, quick: { type: 'boolean', default: false } },
  });
  const sizes = values.chunks?.split(',').map(Number) ?? (values.quick ? [2_000] : [10_000, 100_000]);
  if (sizes.some((size) => !Number.isInteger(size) || size < 100))
    throw new Error('--chunks takes numbers from 100 on.');
  return {
    sizes,
    others: Number(values.others ?? (values.quick ? 20 : OTHER_OWNERS)),
    plan: values.quick ? QUICK_PLAN : PLAN,
  };
}

/** Every request asks something new, so that no cache answers for the index. */
function operationsOn(
  library: Library,
  { corpus, random }: { corpus: ReturnType<typeof createCorpus>; random: () => number },
) {
  const one = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)];
  const inText = () => corpus.queryFrom(one(library.paragraphs) ?? '', 3);
  const search = (query: string, rest: string) => `/v1/search?q=${encodeURIComponent(query)}&limit=10&${rest}`;
  const operations: Operation[] = [
    { name: 'keyword, all words', path: () => search(inText(), 'mode=keyword&match=all'), isSearch: true },
    { name: 'keyword, any word', path: () => search(corpus.looseQuery(3), 'mode=keyword&match=any'), isSearch: true },
    { name: 'semantic', path: () => search(inText(), 'mode=semantic'), isSearch: true },
    { name: 'hybrid', path: () => search(inText(), 'mode=hybrid'), isSearch: true },
    { name: 'document by id', path: () => `/v1/documents/${one(library.documentIds)}`, isSearch: false },
    { name: 'alive', path: () => '/health', isSearch: false },
  ];
  return operations;
}

type Measurement = { library: Library; operations: Operation[]; floor: FloorServer; plan: Options['plan'] };

/** Each operation, between two measurements of the floor. */
async function measureAll(bench: BenchServer, { library, operations, floor, plan }: Measurement): Promise<AtFloor> {
  const target = { url: bench.url, token: library.client.token ?? '' };
  const floors = [await measureFloor(floor, plan)];
  const measured: Measured[] = [];
  for (const operation of operations) {
    const one = await measure(target, operation.path, { ...plan, callers: 1 });
    const ten = await measure(target, operation.path, { ...plan, callers: 10 });
    measured.push({ name: operation.name, one, ten, ...(await inspect(target, operation)) });
  }
  floors.push(await measureFloor(floor, plan));
  const lower = (of: Floor) => Math.min(...floors.map((each) => each[of]));
  return { measured, floorMs: { request: lower('request'), read: lower('read') } };
}

async function measureFloor({ url, paths }: FloorServer, plan: Options['plan']): Promise<Record<Floor, number>> {
  const p50Of = async (path: string) =>
    (await measure({ url, token: '' }, () => path, { ...plan, callers: 1 })).p50.median;
  return { request: await p50Of(paths.request), read: await p50Of(paths.read) };
}

/** What a request cost inside, by the answers' own account. */
async function inspect(target: { url: string; token: string }, { path, isSearch }: Operation) {
  const inside: number[] = [];
  const roundTrips: number[] = [];
  const rowsRead: number[] = [];
  let cached = 0;
  for (let index = 0; index < EXPLAINED_SEARCHES; index += 1) {
    const { body, serverTiming } = await get(target, { path: `${path()}${isSearch ? '&explain=true' : ''}` });
    inside.push(Number(/total;dur=([\d.]+)/.exec(serverTiming)?.[1] ?? Number.NaN));
    roundTrips.push(Number(/db;.*?desc="(\d+) round trip/.exec(serverTiming)?.[1] ?? 0));
    if (!isSearch) continue;
    const answer: { cacheHit: boolean; explain?: { indexRowsRead: number } } = JSON.parse(body);
    if (answer.explain) rowsRead.push(answer.explain.indexRowsRead);
    if (answer.cacheHit) cached += 1;
  }
  return {
    inside: median(inside),
    roundTrips: Math.max(...roundTrips),
    rowsRead: rowsRead.length > 0 ? median(rowsRead) : null,
    cached,
  };
}

async function loadOthers(
  bench: BenchServer,
  { others, corpus }: { others: number; corpus: ReturnType<typeof createCorpus> },
) {
  for (let index = 0; index < others; index += 1) {
    const other = await createLibrary(bench.server.url, `other-${index}`);
    await addDocuments(other, { many: DOCUMENTS_OF_OTHERS, corpus, paragraphs: PARAGRAPHS_OF_OTHERS });
  }
}

type Shown = Omit<Stage, 'stage' | 'chunks'>;

function show(stage: string, { ingest, indexBytes, measured, floorMs }: Shown): void {
  const rate = ingest ? `; read at ${Math.round(ingest.chunks / ingest.seconds)} chunks a second` : '';
  console.log(`\n${stage}${rate}; index of ${(indexBytes / 2 ** 20).toFixed(0)} MiB`);
  const floors = `a bare request takes ${floorMs.request.toFixed(2)} ms, with one read of D1 ${floorMs.read.toFixed(2)}`;
  console.log(`Floor: ${floors}; where the budgets were set ${Object.values(REFERENCE_FLOOR_MS).join(' and ')}.\n`);
  const percentiles = ['p50', '±', 'p95', 'inside', 'p50 of 10', 'p95 of 10', 'a second', '±'];
  const head = ['', ...percentiles, 'D1 trips', 'index rows', 'budget', 'slower', ''];
  console.log(table([head, ...measured.map((each) => rowOf(each, floorMs))]));
}

function rowOf(row: Measured, floorMs: AtFloor['floorMs']): (string | number)[] {
  const { name, one, ten, inside, roundTrips, rowsRead, cached } = row;
  const budget = BUDGETS[name];
  const slower = budget ? Math.max(1, floorMs[budget.floor] / REFERENCE_FLOOR_MS[budget.floor]) : 1;
  const times = [one.p50.median, one.p50.plusMinus, one.p95.median, inside, ten.p50.median, ten.p95.median];
  return [
    name,
    ...times.map((ms) => ms.toFixed(2)),
    ...[ten.perSecond.median, ten.perSecond.plusMinus].map((many) => many.toFixed(0)),
    roundTrips,
    rowsRead ?? '–',
    budget ? `${budget.p50} / ${budget.p95}${budget.perSecond ? `, ${budget.perSecond}/s` : ''}` : '–',
    budget ? `${slower.toFixed(2)}×` : '–',
    (budget ? verdict(budget, row, slower) : '') + (cached > 0 ? ` (${cached} of ${EXPLAINED_SEARCHES} cached)` : ''),
  ];
}

/** How an operation stands with its budget, given by how much slower than the reference this machine is now. */
function verdict({ p50, p95, perSecond = 0 }: Budget, { one, ten }: Measured, slower: number): string {
  const over = (factor: number) => [
    ...(one.p50.median > p50 * factor ? ['p50'] : []),
    ...(one.p95.median > p95 * factor ? ['p95'] : []),
    ...(ten.perSecond.median < perSecond / factor ? ['throughput'] : []),
  ];
  if (over(1).length === 0) return 'under';
  const still = over(slower);
  return still.length === 0 ? 'under, by the floor' : `OVER (${still.join(', ')})`;
}

function showRatios(
  earlier: { stage: string; measured: Measured[] },
  later: { stage: string; measured: Measured[] },
): void {
  const rows = later.measured.map(({ name, one }) => {
    const before = earlier.measured.find((measured) => measured.name === name)?.one;
    const ratio = (now: number, then = Number.NaN) => `${(now / then).toFixed(2)}×`;
    return [name, ratio(one.p50.median, before?.p50.median), ratio(one.p95.median, before?.p95.median)];
  });
  console.log(`\n${later.stage}, against ${earlier.stage}\n\n${table([['', 'p50', 'p95'], ...rows])}`);
}
