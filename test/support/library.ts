import { call } from './app.ts';

export type StepView = {
  name: string;
  status: string;
  startedAt: string | null;
  finishedAt: string | null;
  durationMs: number | null;
  processedItems: number;
  totalItems: number;
};

export type JobView = {
  id: string;
  type: string;
  status: string;
  documentId: string | null;
  progressPercentage: number;
  step: string | null;
  steps: StepView[];
  attempts: number;
  error: { code: string; message: string } | null;
  result: Record<string, unknown> | null;
};

export type DocumentView = {
  id: string;
  title: string;
  status: string;
  version: number;
  chunkCount: number;
  error: { code: string; message: string } | null;
  tags: string[];
  [field: string]: unknown;
};

type Upload = {
  token: string;
  content: string | Uint8Array;
  filename: string;
  type?: string;
  fields?: Record<string, string>;
};

/** The multipart form of an upload. */
export function uploadForm({ content, filename, type = '', fields = {} }: Omit<Upload, 'token'>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  form.set('file', new File([content], filename, { type }));
  return form;
}

export const upload = ({ token, ...file }: Upload) =>
  call<{ document: DocumentView; job: JobView }>('/v1/documents', { token, body: uploadForm(file) });

const ENDED = ['succeeded', 'failed', 'cancelled'];
const PATIENCE_MS = 15_000;

/** Waits for a job to end. */
export async function jobEnd(token: string, jobId: string): Promise<JobView> {
  for (const until = Date.now() + PATIENCE_MS; ; ) {
    const { body } = await call<JobView>(`/v1/jobs/${jobId}`, { token });
    if (ENDED.includes(body.status)) return body;
    if (Date.now() > until) throw new Error(`Job ${jobId} is still ${body.status} after ${PATIENCE_MS} ms.`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const READING = ['process_document', 'analyse_document'];

/** Waits until a document is neither being read nor analysed, which follows. */
export async function settledDocument(token: string, documentId: string): Promise<void> {
  for (const until = Date.now() + PATIENCE_MS; ; ) {
    const { body } = await call<{ items: JobView[] }>(`/v1/jobs?documentId=${documentId}`, { token });
    const open = body.items.find(({ type, status }) => READING.includes(type) && !ENDED.includes(status));
    if (!open) return;
    if (Date.now() > until) throw new Error(`Job ${open.id} is still ${open.status} after ${PATIENCE_MS} ms.`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Uploads a file and waits until it has been read and analysed. */
export async function uploaded(file: Upload): Promise<{ document: DocumentView; job: JobView }> {
  const accepted = await upload(file);
  if (accepted.status !== 202) throw new Error(`Upload answered ${accepted.status}: ${JSON.stringify(accepted.body)}`);
  const job = await jobEnd(file.token, accepted.body.job.id);
  await settledDocument(file.token, accepted.body.document.id);
  const { body } = await call<DocumentView>(`/v1/documents/${accepted.body.document.id}`, { token: file.token });
  return { document: body, job };
}
