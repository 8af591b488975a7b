import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, type Client, createClient, type DocumentView, type JobView } from '../../scripts/client.ts';
import type { LocalServer } from '../../scripts/server.ts';
import { install } from '../support/local-server.ts';
import type { MixedDocument } from './mixed-documents.ts';

export const ACCOUNT = { username: 'faults', password: 'Long-enough-8', email: 'faults@example.org' };

const ENTRY = path.join(import.meta.dirname, 'faulty-worker.ts');
const UPLOADS_AT_ONCE = 4;
const PAUSE_MS = 500;
const TICK_MS = 500;
/** Whoever dies with an upload holds its key for a minute. */
const DELIVERY_MS = 180_000;

/** A time during which these shares of calls fail. */
export type Outage = { forMs: number; database: number; archive: number };

/** The key of a file is its name unless given. */
type Delivery = { key?: string; fields?: Record<string, string> };

export type World = Awaited<ReturnType<typeof createWorld>>;

/** A server that can be killed and started again, and a person who uses it and does not give up. */
export async function createWorld() {
  // Leases are short so that nobody need wait a minute for each job that died with its worker.
  const installation = await install({ JOB_LEASE_MS: '3000', SCRYPT_COST_LOG2: '10' }, { entry: ENTRY });
  let server: LocalServer = await installation.start();
  let client: Client = await createClient(server.url).signIn(ACCOUNT);
  let refusals = 0;

  /** Sends a file. @returns the document, where the answer says which. */
  const send = async ({ name, type, bytes }: MixedDocument, { key = name, fields = {} }: Delivery = {}) => {
    try {
      return (await client.upload({ name, type, bytes }, fields, { 'idempotency-key': key })).document.id;
    } catch (error) {
      if (error instanceof ApiError && error.code === 'idempotency_answer_lost') return undefined;
      if (error instanceof ApiError) refusals += 1;
      throw error;
    }
  };

  /** Sends a file until the server says that it has it. */
  const deliver = async (file: MixedDocument, delivery?: Delivery): Promise<string | undefined> => {
    for (const deadline = Date.now() + DELIVERY_MS; ; await sleep(PAUSE_MS)) {
      try {
        return await send(file, delivery);
      } catch (error) {
        if (isFinal(error) || Date.now() > deadline) throw error;
      }
    }
  };

  /** @returns the files that the server does not have for sure. */
  const deliverOnce = async (files: MixedDocument[]): Promise<MixedDocument[]> => {
    const refused: MixedDocument[] = [];
    const left = files.values();
    const one = async () => {
      for (const file of left) {
        await send(file).catch((error: unknown) => {
          if (isFinal(error)) throw error;
          refused.push(file);
        });
      }
    };
    await Promise.all(Array.from({ length: UPLOADS_AT_ONCE }, one));
    return refused;
  };

  /** Whether nothing is left to do. */
  const isDone = async (): Promise<boolean> => {
    const documents = await client.all<DocumentView>('/v1/documents');
    if (documents.some(({ status }) => status !== 'ready' && status !== 'failed')) return false;
    const open = await Promise.all(
      ['queued', 'running'].map((status) => client.all<JobView>(`/v1/jobs?status=${status}`)),
    );
    return open.flat().length === 0;
  };

  return {
    persistTo: installation.persistTo,
    client: () => client,
    server: () => server,
    /** How often a file was refused for now. */
    refusals: () => refusals,
    deliver,
    isDone,

    async start(vars?: Record<string, string>): Promise<void> {
      server = await installation.start(vars);
      client = createClient(server.url, client.token);
    },

    /** Sends all files, several at once; what is refused for now comes after the others. */
    async deliverAll(files: MixedDocument[]): Promise<void> {
      const deadline = Date.now() + DELIVERY_MS * 2;
      for (let waiting = files; waiting.length > 0; await sleep(PAUSE_MS)) {
        if (Date.now() > deadline) throw new Error(`${waiting.length} files could not be handed in.`);
        waiting = await deliverOnce(waiting);
      }
    },

    /** Has about half of all documents read again. */
    async readHalfAgain(random: () => number): Promise<void> {
      const documents = await client.all<DocumentView>('/v1/documents');
      const half = documents.filter(() => random() < 0.5);
      await Promise.all(half.map(({ id }) => client.call(`/v1/documents/${id}/reprocess`, { method: 'POST' })));
    },

    /** Lets database and archive fail for a while. */
    async fail({ forMs, database, archive }: Outage): Promise<void> {
      await client.call(`/faults?forMs=${forMs}&database=${database}&archive=${archive}`, { method: 'POST' });
    },

    async countFailed(): Promise<{ database: number; archive: number }> {
      return (await client.call<{ database: number; archive: number }>('/faults')).body;
    },

    /** Ticks the clock's trigger until all is done. @returns whether that happened in time. */
    async settle(timeoutMs: number): Promise<boolean> {
      for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await sleep(TICK_MS)) {
        if (await isDone().catch(() => false)) return true;
        await server.tick().catch(() => {});
      }
      return false;
    },

    async close(): Promise<void> {
      await server.kill();
      await installation.remove();
    },
  };
}

/** A refusal that the same request would always get; a server that is not there is none. */
function isFinal(error: unknown): boolean {
  if (error instanceof ApiError) return error.status < 500 && error.status !== 409 && error.status !== 429;
  return !(error instanceof TypeError && /^(fetch failed|terminated)$/.test(error.message));
}
