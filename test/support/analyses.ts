import { env } from 'cloudflare:workers';
import { expect } from 'vitest';
import { call } from './app.ts';
import { deliver } from './clockwork.ts';
import { upload } from './library.ts';
import { unrecorded } from './statement-recorder.ts';

/** A report with something of everything that is looked for. */
export const REPORT = `# Harbour report

The harbour of Rotterdam handled more containers in 2023 than ever before, the port authority said on 5 March 2024.
Ships from Asia brought most of the containers, and the port authority expects more of them next year. Mary Johnson, who
leads the container terminal, told visitors that the new cranes cost $12.5 million. Questions go to
harbour@example.com or https://harbour.example.com/report. The cranes of the terminal lift a container in two minutes.
The port authority wants to run the cranes on wind power, which the terminal will need in large amounts.
`;

export type AnalysisView = {
  type: string;
  status: string;
  isCurrent: boolean;
  result: any;
  reason: string | null;
  model: string | null;
  analyser: string;
};

/** As the API lists them. */
export const listAnalyses = async (token: string, id: string, query = '') =>
  (await call<{ items: AnalysisView[] }>(`/v1/documents/${id}/analyses${query}`, { token })).body.items;

/** The current ones, by type. */
export const analysesOf = async (token: string, id: string): Promise<Record<string, AnalysisView>> =>
  Object.fromEntries((await listAnalyses(token, id)).map((item) => [item.type, item]));

/** Runs what is due on a document in an isolate with models, until nothing is. */
export async function work(documentId: string, bindings: typeof env): Promise<number> {
  for (let runs = 0; ; runs++) {
    const due = await unrecorded(env.DB)
      .prepare('SELECT id FROM processing_jobs WHERE subject_id = ? AND due_at <= ? ORDER BY id')
      .bind(documentId, Date.now())
      .all<{ id: string }>();
    const [next] = due.results;
    if (!next) return runs;
    await deliver({ jobId: next.id }, bindings);
  }
}

/** Hands in a file, of which nothing has been read. */
export async function handedIn(file: Parameters<typeof upload>[0]): Promise<string> {
  const accepted = await upload(file);
  expect(accepted.status).toBe(202);
  return accepted.body.document.id;
}
