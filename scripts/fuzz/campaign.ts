import { ApiError, createClient } from '../client.ts';
import { createBench, type Report, type TryProbe } from './bench.ts';
import { parsed } from './checks.ts';
import { type Description, type Operation, readDescription } from './description.ts';
import { createDice, type Dice } from './dice.ts';
import { isRecord } from './json-schema.ts';
import type { Probe } from './probe.ts';
import { probesOf } from './probes.ts';
import { sequencesOf } from './sequences.ts';
import {
  type Credentials,
  createWorld,
  kindsIn,
  knownPerson,
  knownTo,
  newInhabitant,
  newPerson,
  type Person,
  readMails,
  remake,
  type World,
} from './world.ts';

export type Options = {
  baseUrl: string;
  seed: number;
  /** After this time no operation is begun, but in the first round, which meets all of them. */
  seconds: number;
  maxRounds?: number | undefined;
  /** Of the odd requests of a round, one in so many is sent; 1 unless given. */
  thinning?: number | undefined;
  /** An administrator that there is already. */
  admin?: Credentials | undefined;
  /** The name of one operation, `GET /v1/tags`. */
  only?: string | undefined;
};

type Campaign = Options & { description: Description; world: World; tryProbe: TryProbe };

/** Calls every operation with everything that may break it, and judges each answer. */
export async function runCampaign(options: Options): Promise<Report> {
  const { baseUrl, seed, seconds, maxRounds = Number.POSITIVE_INFINITY, only } = options;
  const { body } = await createClient(baseUrl).call('/openapi.json');
  const description = readDescription(body);
  const chosen = description.operations.filter(({ name }) => only === undefined || name === only);
  if (chosen.length === 0) throw new Error(`There is no operation ${only}.`);
  const world = await createWorld(baseUrl, createDice(seed, 'world'));
  const report: Report = { rounds: 0, calls: 0, tallies: new Map(), findings: [] };
  const { tryProbe } = createBench({ baseUrl, description, world, report });
  const campaign = { ...options, description, world, tryProbe };
  const deadline = Date.now() + seconds * 1000;
  while (Date.now() < deadline && report.rounds < maxRounds) {
    report.rounds += 1;
    await readMails(world);
    if (options.admin) world.admin = await knownPerson(baseUrl, options.admin);
    const diceFor = (name: string) => createDice(seed, `${name} ${report.rounds}`);
    for (const operation of chosen) {
      if (report.rounds > 1 && Date.now() > deadline) return report;
      await tryOperation(operation, diceFor(operation.name), campaign);
    }
    if (only !== undefined) continue;
    const person = await newPerson(baseUrl, diceFor('person'));
    await sequencesOf(description, { person, dice: diceFor('sequences'), tryProbe });
  }
  return report;
}

async function tryOperation(operation: Operation, dice: Dice, campaign: Campaign): Promise<void> {
  const { description, world, tryProbe, thinning = 1 } = campaign;
  const { named } = description;
  const makingNow = () => ({ dice, named, known: knownTo(world, { operation, owner: world.ada, dice }) });
  await restore(operation, dice, campaign);
  for (const probe of probesOf(operation, { description, makingNow, thinning })) {
    const answer = await tryProbe(operation, probe);
    if ((answer?.status ?? 400) < 300) keepPassword(world.ada, probe);
    const isEnded = answer?.status === 401 || (operation.method === 'DELETE' && (answer?.status ?? 400) < 300);
    if (isEnded && probe.as === undefined) await restore(operation, dice, campaign);
  }
}

/** Whoever has changed their password needs the new one for the next log-in. */
function keepPassword(person: Person, { wire, as }: Probe): void {
  const sent = parsed(wire.body?.toString() ?? '');
  const isChange = as === undefined && isRecord(sent) && sent.currentPassword === person.password;
  if (isChange && typeof sent.newPassword === 'string') person.password = sent.newPassword;
}

/** Whoever's credential a probe has ended is replaced, and so are things that it has deleted. */
async function restore(operation: Operation, dice: Dice, { baseUrl, description, world }: Campaign): Promise<void> {
  if (!(await answers(world.ada, '/v1/me'))) world.ada = await newInhabitant(baseUrl, dice);
  if (!(await answers(world.bob, '/v1/me'))) world.bob = await newInhabitant(baseUrl, dice);
  for (const kind of kindsIn(operation)) {
    const path = `/v1/${kind}/${world.ada.belongings.get(kind)}`;
    const isReadable = description.operations.some(({ name }) => name === `GET /v1/${kind}/{id}`);
    if (!isReadable || !(await answers(world.ada, path))) await remake(world.ada, kind, dice);
  }
}

async function answers({ client }: Person, path: string): Promise<boolean> {
  try {
    return (await client.call(path)).status === 200;
  } catch (error) {
    if (error instanceof ApiError) return false;
    throw error;
  }
}
