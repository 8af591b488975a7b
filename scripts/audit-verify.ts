import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { type Client, createClient } from './client.ts';
import { explain, logIn, SESSION_OPTIONS } from './session.ts';

// Verifies the audit log of a running server, or an export of it. Exit code 1 when anything was removed, changed or put in.
// `npm run audit:verify -- [--url URL] [--token TOKEN | --user NAME --password PASSWORD] [--anchor SEQ:HASH]`
// `npm run audit:verify -- --file audit-logs.ndjson`

type Head = { seq: number; hash: string };
type Problem = { seq: number; reason: string; detail: string };
type Verification = {
  entries: number;
  unsealed: number;
  problem: Problem | null;
  head: Head | null;
  nextAfter: number | null;
};
type Line = { seq: number; previousHash: string | null; hash: string | null };
type Report = {
  entries: number;
  unsealed: number;
  problems: Problem[];
  head: Head | null;
  /** Numbers that an export leaves out. */
  leftOut?: number;
};

const MAX_SHOWN = 20;

const { values } = parseArgs({
  options: {
    ...SESSION_OPTIONS,
    token: { type: 'string', default: process.env.COMMONPLACE_TOKEN ?? '' },
    anchor: { type: 'string', default: '' },
    file: { type: 'string', default: '' },
  },
});

try {
  const {
    entries,
    unsealed,
    problems,
    head,
    leftOut = 0,
  } = await (values.file === '' ? verifyServer(await clientFor(values.token), values.anchor) : verifyFile(values.file));
  console.log(`${entries} entries, ${unsealed} of them not sealed yet: ${problems.length} problems.`);
  for (const { seq, reason, detail } of problems.slice(0, MAX_SHOWN)) console.log(`  ${seq}  ${reason}  ${detail}`);
  if (leftOut > 0) console.log(`${leftOut} numbers are left out, which is right only for an export with filters.`);
  if (head) console.log(`Newest seal: ${head.seq}:${head.hash}\nNote it elsewhere, and give it as --anchor next time.`);
  process.exit(problems.length === 0 ? 0 : 1);
} catch (error) {
  console.error(explain(error, values));
  process.exit(2);
}

async function clientFor(token: string): Promise<Client> {
  return token === '' ? logIn(values) : createClient(values.url.replace(/\/$/, ''), token);
}

/** Has the server go through its log, stretch by stretch, beyond whatever it finds. */
async function verifyServer(client: Client, anchor: string): Promise<Report> {
  const report: Report = { entries: 0, unsealed: 0, problems: [], head: null };
  let query = anchor === '' ? '' : `&anchor=${encodeURIComponent(anchor)}`;
  for (let after: number | null = 0; after !== null; query = '') {
    const path: string = `/v1/admin/audit-logs/verify?after=${after}${query}`;
    const { body }: { body: Verification } = await client.call<Verification>(path);
    report.entries += body.entries;
    report.unsealed += body.unsealed;
    report.head = body.head;
    if (body.problem) report.problems.push(body.problem);
    after = report.problems.length < MAX_SHOWN ? body.nextAfter : null;
  }
  return report;
}

/**
 * Computes the hashes of an export in lines of JSON. Every line is held against its own hash, and against the line before
 * it where their numbers follow one another: a filtered export leaves others out.
 */
async function verifyFile(file: string): Promise<Report> {
  const report = { entries: 0, unsealed: 0, problems: [] as Problem[], head: null as Head | null, leftOut: 0 };
  let last = 0;
  for await (const text of createInterface({ input: createReadStream(file) })) {
    const { previousHash, hash, ...entry }: Line = JSON.parse(text);
    report.entries += 1;
    report.leftOut += entry.seq - last - 1;
    last = entry.seq;
    if (hash === null) {
      report.unsealed += 1;
      continue;
    }
    const computed = createHash('sha256').update(`${previousHash}\n${JSON.stringify(Object.values(entry))}`);
    const follows = report.head?.seq === entry.seq - 1;
    if (computed.digest('hex') !== hash || (follows && report.head?.hash !== previousHash)) {
      report.problems.push({ seq: entry.seq, reason: 'changed', detail: 'The entry does not fit its hash.' });
    }
    report.head = { seq: entry.seq, hash };
  }
  return report;
}
