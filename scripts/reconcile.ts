import { parseArgs } from 'node:util';
import type { Client, JobView } from './client.ts';
import { explain, logIn, SESSION_OPTIONS } from './session.ts';

// Compares a user's catalogue, archive and index on a running server, which mends what differs. Exit code 1 when
// anything did. `npm run reconcile -- [--url URL] [--user NAME --password PASSWORD]`

type Problem = { type: string; documentId: string; detail: string };
type Report = { documents: number; objects: number; problemCount: number; problems: Problem[]; mendingJobs: number };

const { values } = parseArgs({ options: SESSION_OPTIONS });

try {
  const report = await reconcile(await logIn(values));
  console.log(`${report.documents} documents and ${report.objects} files compared: ${report.problemCount} problems.`);
  for (const { type, documentId, detail } of report.problems) console.log(`  ${type}  ${documentId}  ${detail}`);
  if (report.mendingJobs > 0) console.log(`${report.mendingJobs} jobs were started to mend them.`);
  process.exit(report.problemCount === 0 ? 0 : 1);
} catch (error) {
  console.error(explain(error, values));
  process.exit(2);
}

async function reconcile(client: Client): Promise<Report> {
  let { body: job } = await client.call<JobView>('/v1/maintenance/reconcile', { method: 'POST' });
  for await (job of client.follow(job));
  if (job.status !== 'succeeded') throw new Error(`The comparison ended as ${job.status}: ${job.error?.message ?? ''}`);
  return job.result as Report;
}
