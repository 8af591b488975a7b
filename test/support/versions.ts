import { createExecutionContext, createMessageBatch, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { consumeBatch } from '../../src/jobs/consume.ts';
import { createRuntime } from '../../src/runtime.ts';
import { call } from './app.ts';
import { loseWakeUps } from './clockwork.ts';
import { type DocumentView, type JobView, jobEnd, uploadForm } from './library.ts';

export type VersionView = {
  number: number;
  isPresent: boolean;
  filename: string;
  sha256: string;
  sizeBytes: number;
  madeBy: { type: string; id: string };
  restoredFrom: number | null;
};

type Accepted = { document: DocumentView; job: JobView };

/** Gives a document other bytes. */
export const replace = (token: string, id: string, content: string | Uint8Array, filename = 'a.md') =>
  call<Accepted>(`/v1/documents/${id}/content`, { method: 'PUT', token, body: uploadForm({ content, filename }) });

/** The same, until they have been read. */
export async function replaced(token: string, id: string, content: string | Uint8Array): Promise<JobView> {
  return jobEnd(token, (await replace(token, id, content)).body.job.id);
}

export const versionsOf = async (token: string, id: string) =>
  (await call<{ items: VersionView[]; storedBytes: number }>(`/v1/documents/${id}/versions`, { token })).body;

export const restoreVersion = (token: string, id: string, number: number) =>
  call<Accepted>(`/v1/documents/${id}/versions/${number}/restore`, { method: 'POST', token });

/** Has a request make a job that nobody is told of, and runs it here. @returns the texts that the model was asked for. */
export async function embeddedTexts(token: string, request: () => Promise<{ body: { job: JobView } }>) {
  const lost = loseWakeUps();
  const { body } = await request();
  lost.mockRestore();
  const runtime = createRuntime(env);
  const asked: string[] = [];
  const { embed } = runtime.embeddings;
  const embeddings = {
    ...runtime.embeddings,
    embed: (texts: string[], role: 'document' | 'query') => {
      asked.push(...texts);
      return embed(texts, role);
    },
  };
  const message = { id: crypto.randomUUID(), timestamp: new Date(), attempts: 1, body: { jobId: body.job.id } };
  const context = createExecutionContext();
  const batch = createMessageBatch('commonplace-jobs', [message]);
  await consumeBatch({ ...runtime, embeddings }, { batch, context });
  await waitOnExecutionContext(context);
  return { asked, job: await jobEnd(token, body.job.id) };
}
