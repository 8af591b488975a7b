import { parseArgs } from 'node:util';
import { FULL_PLAN, REDUCED_PLAN, runFaults } from '../test/faults/campaign.ts';

// Takes files of all formats in on a server of its own that is killed, whose messages are lost, doubled and late, and whose
// stores fail; then looks whether anything was lost, is there twice or was left behind. Exit code 1 when it was.
// `npm run faults [-- --quick] [--seed N]`

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false }, seed: { type: 'string' } } });
const plan = values.quick ? REDUCED_PLAN : FULL_PLAN;
const seed = Number(values.seed ?? plan.seed);
if (!Number.isSafeInteger(seed) || seed < 0) throw new Error('--seed takes a whole number.');

console.log(`${plan.documents} files, ${plan.crashes} crashes, seed ${seed}.\n`);
const { problems, openAtCrash, failedCalls } = await runFaults({ ...plan, seed }, console.log);
const { database, archive } = failedCalls;
console.log(`\nJobs open when it was killed: ${openAtCrash.join(', ')}.`);
console.log(`Calls that failed: ${database} of the database, ${archive} of the archive.`);
console.log(
  problems.length === 0 ? 'Nothing lost, nothing twice, nothing left behind.' : `${problems.length} problems:`,
);
for (const problem of problems) console.log(`  ${problem}`);
process.exit(problems.length === 0 ? 0 : 1);
