import { parseArgs } from 'node:util';
import type { Client, DocumentView } from '../scripts/client.ts';
import { table } from '../scripts/terminal.ts';
import { type BenchServer, startBenchServer } from './support/bench-server.ts';
import { collectJobLines, type JobLine } from './support/job-lines.ts';
import { createLibrary, untilIdle } from './support/library.ts';
import { type ProcessCosts, processCosts } from './support/process-costs.ts';
import { writeResults } from './support/results.ts';
import { formatOf, type SampleFile, type Samples, sampleFiles } from './support/sample-files.ts';

/** D1 round trips of a document, whatever its size, from its upload until it can be searched; and memory above idle. */
const BUDGET = { roundTrips: 12, memoryBytes: 128 * 2 ** 20 };

const UPLOADS_AT_ONCE = 4;
const VARS = { SCRYPT_COST_LOG2: '10', ACCESS_TOKEN_SECONDS: '86400', LOG_LEVEL: 'info' };
/** Of each format documents are sent until it is this long ago that the first was, and each file once at least. */
const PLAN = { sendMs: 5_000, memoryFromBytes: 0 };
const QUICK_PLAN = { sendMs: 500, memoryFromBytes: 100_000 };

type Plan = typeof PLAN;

type Throughput = {
  format: string;
  isReal: boolean;
  documents: number;
  bytes: number;
  pages: number;
  chunks: number;
  seconds: number;
  /** Of workerd, with its stand-ins for D1, R2 and the queue; null where that cannot be seen. */
  cpuMs: number | null;
  /** Most of any document: its upload and its reading; then its analyses, which nobody waits for. */
  roundTrips: number;
  analysisRoundTrips: number;
  /** Means of a document. */
  rowsWritten: number;
};

type Memory = { name: string; bytes: number; idleBytes: number; peakBytes: number };

/** Files of every format taken in: how fast, and at which cost. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } },
  });
  const plan = values.quick ? QUICK_PLAN : PLAN;
  const samples = sampleFiles().filter(({ format }) => values.only === undefined || format === values.only);
  if (samples.length === 0) throw new Error(`There is no file of the format "${values.only}".`);
  const throughput = await measureThroughput(samples, plan);
  show(throughput);
  const memory = await measureMemory(samples, plan);
  showMemory(memory);
  console.log(`\nWritten to ${await writeResults('ingest', { plan, budget: BUDGET, throughput, memory })}`);
}

async function withServer<T>(
  measure: (bench: BenchServer, tools: { lines: () => JobLine[]; costs: ProcessCosts | undefined }) => Promise<T>,
): Promise<T> {
  const { onOutput, take } = collectJobLines();
  const bench = await startBenchServer(VARS, { logLevel: 'log', onOutput });
  try {
    return await measure(bench, { lines: take, costs: processCosts(bench.server) });
  } finally {
    await bench.close();
  }
}

const measureThroughput = (samples: Samples[], plan: Plan): Promise<Throughput[]> =>
  withServer(async (bench, { lines, costs }) => {
    console.log(`Files go to the ${bench.port} port.`);
    const measured: Throughput[] = [];
    for (const [index, { format, files }] of samples.entries()) {
      // A library of its own: no format has to do with what another left in the index.
      const { client } = await createLibrary(bench.url, `owner-${index}`);
      await send(client, files.slice(0, 1), { sendMs: 0 });
      lines();
      const cpuBefore = costs?.cpuMs() ?? 0;
      const started = performance.now();
      const sent = await send(client, files, plan);
      const seconds = (performance.now() - started) / 1000;
      const cpuMs = costs ? costs.cpuMs() - cpuBefore : null;
      const documents = await readAll(client, sent);
      measured.push({
        format,
        isReal: files.every(({ isReal }) => isReal),
        documents: sent.ids.length,
        bytes: sent.bytes,
        pages: documents.reduce((sum, { pageCount }) => sum + (pageCount ?? 1), 0),
        chunks: documents.reduce((sum, { chunkCount }) => sum + chunkCount, 0),
        seconds,
        cpuMs,
        ...costsOf(lines(), sent),
      });
    }
    return measured;
  });

type Sent = { ids: string[]; bytes: number; uploadRoundTrips: number };

/** Sends each file, and again in turn as long as there is time, until all of them are read. */
async function send(client: Client, files: SampleFile[], { sendMs }: Pick<Plan, 'sendMs'>): Promise<Sent> {
  const started = performance.now();
  const sent: Sent = { ids: [], bytes: 0, uploadRoundTrips: 0 };
  let next = 0;
  const uploader = async () => {
    while (next < files.length || performance.now() - started < sendMs) {
      const file = files[next % files.length];
      next += 1;
      if (file === undefined) return;
      const { id, roundTrips } = await upload(client, file);
      sent.ids.push(id);
      sent.bytes += file.bytes.length;
      sent.uploadRoundTrips = Math.max(sent.uploadRoundTrips, roundTrips);
    }
  };
  await Promise.all(Array.from({ length: UPLOADS_AT_ONCE }, uploader));
  await untilIdle(client);
  return sent;
}

async function upload(client: Client, { name, bytes }: SampleFile): Promise<{ id: string; roundTrips: number }> {
  const form = new FormData();
  form.append('file', new Blob([new Uint8Array(bytes)]), name);
  const { body, headers } = await client.call<{ document: DocumentView }>('/v1/documents', { form });
  const [, roundTrips] = /db;.*?desc="(\d+) round trip/.exec(headers.get('server-timing') ?? '') ?? [];
  return { id: body.document.id, roundTrips: Number(roundTrips ?? 0) };
}

/** What became of what was sent. Refuses figures of documents that were not read. */
async function readAll(client: Client, { ids }: Sent): Promise<DocumentView[]> {
  const documents = await client.all<DocumentView>('/v1/documents');
  const unread = documents.find(({ status }) => status !== 'ready');
  if (unread) throw new Error(`${unread.filename} is ${unread.status}: ${unread.error?.message ?? ''}`);
  const sent = new Set(ids);
  return documents.filter(({ id }) => sent.has(id));
}

function costsOf(lines: JobLine[], { ids, uploadRoundTrips }: Sent) {
  const most = (of: JobLine[]) => of.reduce((highest, { roundTrips }) => Math.max(highest, roundTrips), 0);
  const reading = lines.filter(({ type }) => type === 'process_document');
  return {
    roundTrips: uploadRoundTrips + most(reading),
    analysisRoundTrips: most(lines.filter(({ type }) => type === 'analyse_document')),
    rowsWritten: lines.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0) / ids.length,
  };
}

/** The most that each file takes above what the server had before, each on a server that has read one small file before. */
async function measureMemory(samples: Samples[], { memoryFromBytes }: Plan): Promise<Memory[]> {
  const files = samples.flatMap((each) => each.files).filter(({ bytes }) => bytes.length >= memoryFromBytes);
  const measured: Memory[] = [];
  for (const file of files) {
    const memory = await withServer(async (bench, { costs }) => {
      if (!costs) return undefined;
      const { client } = await createLibrary(bench.url, 'owner');
      await send(client, [{ name: 'small.txt', bytes: Buffer.from('A few words.'), isReal: false }], { sendMs: 0 });
      costs.takePeakBytes();
      const idleBytes = costs.residentBytes();
      await send(client, [file], { sendMs: 0 });
      return { name: file.name, bytes: file.bytes.length, idleBytes, peakBytes: costs.takePeakBytes() };
    });
    if (memory) measured.push(memory);
  }
  return measured;
}

function show(measured: Throughput[]): void {
  const head = ['', 'documents', 'MB', 'a second', 'MB/s', 'chunks/s', 'CPU ms a page', 'a document'];
  const rows = measured.map(({ format, isReal, documents, bytes, pages, chunks, seconds, cpuMs, ...costs }) => [
    `${format}${isReal ? '' : ' (made)'}`,
    documents,
    (bytes / 1e6).toFixed(2),
    (documents / seconds).toFixed(1),
    (bytes / 1e6 / seconds).toFixed(2),
    (chunks / seconds).toFixed(0),
    cpuMs === null ? '–' : (cpuMs / pages).toFixed(1),
    cpuMs === null ? '–' : (cpuMs / documents).toFixed(1),
    costs.roundTrips,
    costs.analysisRoundTrips,
    costs.rowsWritten.toFixed(0),
    costs.roundTrips <= BUDGET.roundTrips ? 'under' : 'OVER',
  ]);
  console.log(
    `\nOne owner, ${UPLOADS_AT_ONCE} uploads at once. D1 round trips are the most of any document, in its upload and its`,
  );
  console.log(
    `reading (budget ${BUDGET.roundTrips}), then in its analyses; rows written are the mean. What has no pages is one.\n`,
  );
  console.log(table([[...head, 'D1 trips', 'analyses', 'rows', ''], ...rows]));
}

function showMemory(measured: Memory[]): void {
  if (measured.length === 0) return;
  const inMebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(0);
  const rows = measured.map(({ name, bytes, idleBytes, peakBytes }) => [
    name,
    formatOf({ name }),
    (bytes / 1e6).toFixed(2),
    inMebibytes(idleBytes),
    inMebibytes(peakBytes - idleBytes),
    peakBytes - idleBytes < BUDGET.memoryBytes ? 'under' : 'OVER',
  ]);
  console.log(
    `\nMemory of workerd (MiB resident): the most above idle while a file is taken in and read, of ${inMebibytes(BUDGET.memoryBytes)}.\n`,
  );
  console.log(table([['', 'format', 'MB', 'idle', 'above', ''], ...rows]));
}
