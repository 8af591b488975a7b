import { setTimeout as sleep } from 'node:timers/promises';
import { randomFrom } from '../../scripts/random.ts';
import { KINDS_OF_DOCUMENTS, type MixedDocument, mixDocuments } from './mixed-documents.ts';
import { readOpenJobs } from './persisted-state.ts';
import { judge, judgeLeftBehind } from './verdict.ts';
import { createWorld, type Outage, type World } from './world.ts';

/** What is done to a server that takes files in and reads them. */
export type Plan = {
  seed: number;
  documents: number;
  crashes: number;
  /** A crash comes at a random moment within this time. */
  longestRunMs: number;
  /** Whether files still arrive meanwhile; whoever dies with one holds its key for a minute. */
  arrivesDuringCrashes: boolean;
  /** What becomes of the queue's messages after the crashes. */
  queueFaults: string;
  /** What becomes of database and archive then, one after the other. */
  outages: Outage[];
  /** How many of the files arrive during each of those. */
  arriveDuringOutage: number;
  /** How often one file is sent at once. */
  sameAtOnce: number;
};

export const FULL_PLAN: Plan = {
  seed: 20_261_122,
  documents: 200,
  crashes: 20,
  longestRunMs: 2_000,
  arrivesDuringCrashes: true,
  queueFaults: 'seed=7,drop=0.2,duplicate=0.3,reorder=0.4',
  outages: [
    { forMs: 10_000, database: 0.3, archive: 0.3 },
    { forMs: 10_000, database: 0, archive: 1 },
    { forMs: 10_000, database: 1, archive: 1 },
  ],
  arriveDuringOutage: 10,
  sameAtOnce: 10,
};

/** The same in a time that every change can wait for. */
export const REDUCED_PLAN: Plan = {
  ...FULL_PLAN,
  documents: KINDS_OF_DOCUMENTS,
  crashes: 5,
  longestRunMs: 500,
  arrivesDuringCrashes: false,
  outages: [{ forMs: 2_000, database: 0.3, archive: 0.5 }],
  arriveDuringOutage: 0,
};

export type Outcome = { problems: string[]; openAtCrash: number[]; failedCalls: { database: number; archive: number } };

const SETTLE_MS = 240_000;
/** Fewer jobs than these are no work to be killed in. */
const ENOUGH_WORK = 15;

export type Log = (line: string) => void;

/** Does all that the plan says, and looks at what is left. */
export async function runFaults(plan: Plan, log: Log): Promise<Outcome> {
  const started = performance.now();
  const tell: Log = (line) => log(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}`);
  const files = mixDocuments(plan.documents, plan.seed);
  const late = plan.outages.length * plan.arriveDuringOutage;
  const campaign = { plan, tell, random: randomFrom(plan.seed), world: await createWorld() };
  const { world } = campaign;
  try {
    const openAtCrash = await crash(campaign, files.slice(late));
    const settled = [await settle(campaign, 'the crashes')];
    const failedCalls = await failStores(campaign, files.slice(0, late));
    const same = await sendSame(campaign, plan.documents);
    settled.push(await settle(campaign, 'the failures'));
    const problems = [
      ...settled.flat(),
      ...same.problems,
      ...(await judge(world, { files: [...files, ...same.files], tell })),
      ...(await judgeLeftBehind(world, { mayHaveOrphans: plan.arrivesDuringCrashes || late > 0, tell })),
    ];
    return { problems, openAtCrash, failedCalls };
  } finally {
    await world.close();
  }
}

type Campaign = { plan: Plan; tell: Log; random: () => number; world: World };

/** Kills the server at random moments while it takes files in and reads them. */
async function crash({ plan, tell, random, world }: Campaign, files: MixedDocument[]): Promise<number[]> {
  const arriving = world.deliverAll(files);
  if (!plan.arrivesDuringCrashes) await arriving;
  const openAtCrash: number[] = [];
  const died = arriving.then(
    () => undefined,
    (error: unknown) => error,
  );
  for (let number = 1; number <= plan.crashes; number += 1) {
    const afterMs = Math.round(random() * plan.longestRunMs);
    await sleep(afterMs);
    await world.server().kill();
    const open = readOpenJobs(world.persistTo).length;
    openAtCrash.push(open);
    tell(`killed (${number} of ${plan.crashes}) after ${afterMs} ms, with ${open} jobs open`);
    const isLast = number === plan.crashes;
    await world.start(isLast ? { QUEUE_FAULTS: plan.queueFaults } : {});
    await world.server().tick();
    if (!isLast && open < ENOUGH_WORK) await world.readHalfAgain(random);
  }
  const error = await died;
  if (error !== undefined) throw error;
  tell(`${files.length} files are in, refused ${world.refusals()} times before that`);
  return openAtCrash;
}

/** Has documents read, and takes files in, while database and archive fail. */
async function failStores({ plan, tell, random, world }: Campaign, files: MixedDocument[]) {
  for (const [index, outage] of plan.outages.entries()) {
    const own = files.slice(index * plan.arriveDuringOutage, (index + 1) * plan.arriveDuringOutage);
    const seconds = outage.forMs / 1000;
    const before = { failed: await world.countFailed(), refusals: world.refusals() };
    await world.readHalfAgain(random);
    await world.fail(outage);
    await Promise.all([sleep(outage.forMs), world.deliverAll(own)]);
    const after = await world.countFailed();
    const failed = (store: 'database' | 'archive') =>
      `${after[store] - before.failed[store]} calls of the ${store} (${outage[store] * 100} %)`;
    tell(
      `for ${seconds} s ${failed('database')} and ${failed('archive')} failed; ${own.length} files came meanwhile and were ` +
        `refused ${world.refusals() - before.refusals} times before they were in`,
    );
    if (index < plan.outages.length - 1) await settle({ plan, tell, random, world }, 'this failure');
  }
  return world.countFailed();
}

/** Sends one file many times at once under one key, another one unless it is there. */
async function sendSame({ plan, tell, world }: Campaign, number: number) {
  const file = (at: number, planted: string): MixedDocument => ({
    name: `document-${number + at}.txt`,
    type: 'text/plain',
    bytes: Buffer.from(`Many hands sent this one at once, and it is ${planted}.`),
    planted: [planted],
    children: 0,
  });
  const files = [file(0, 'zyxkeyed'), file(1, 'zyxskipped')];
  const [keyed, skipped] = await Promise.all(
    files.map(async (each, at) => {
      const ways = Array.from({ length: plan.sameAtOnce }, (_, i) =>
        at === 0 ? {} : { key: `${each.name}-${i}`, fields: { onDuplicate: 'skip' } },
      );
      return new Set(await Promise.all(ways.map((way) => world.deliver(each, way)))).size;
    }),
  );
  tell(
    `one file sent ${plan.sameAtOnce} times at once under one key became ${keyed} documents, ` +
      `one sent so often unless it is there became ${skipped}`,
  );
  const isRight = keyed === 1 && skipped === 1;
  return { files, problems: isRight ? [] : [`files sent at once became ${keyed} and ${skipped} documents`] };
}

async function settle({ world, tell }: Campaign, after: string): Promise<string[]> {
  const isSettled = await world.settle(SETTLE_MS);
  tell(`${isSettled ? 'all is done' : 'NOT ALL IS DONE'} after ${after}`);
  return isSettled ? [] : [`after ${after} not all jobs ended within ${SETTLE_MS / 1000} s`];
}
