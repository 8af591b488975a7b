import { type Fault, faultsOfAnswer, MAX_DURATION_MS } from './checks.ts';
import { curlOf } from './curl.ts';
import type { Description, Operation } from './description.ts';
import type { Probe } from './probe.ts';
import { methodsOf } from './probes.ts';
import { shrink } from './shrink.ts';
import { NoAnswerError, send, type WireAnswer, type WireRequest } from './wire.ts';
import { type Person, remember, type World } from './world.ts';

export type Finding = Fault & { operation: string; what: string; answer: string; curl: string };

/** Calls by status. */
export type Tally = Record<string, number>;

export type Report = { rounds: number; calls: number; tallies: Map<string, Tally>; findings: Finding[] };

/** Sends a probe as whoever sends it, counts it, and keeps what is wrong with the answer. */
export type TryProbe = (operation: Operation, probe: Probe, owner?: Person) => Promise<WireAnswer | undefined>;

type Bench = { baseUrl: string; description: Description; world: World; report: Report };
type Asked = { answer: WireAnswer | undefined; faults: Fault[] };

const MAX_FINDINGS_PER_OPERATION = 5;
const TIMEOUT_MS = MAX_DURATION_MS + 5_000;
/** A request that lies about its length is waited for by the server, and by nobody else. */
const BROKEN_WIRE_TIMEOUT_MS = 500;
const MAX_SHOWN_ANSWER = 400;

export function createBench({ baseUrl, description, world, report }: Bench): { tryProbe: TryProbe } {
  let asked = 0;

  const senderOf = (operation: Operation, { as }: Probe, owner: Person): Person | undefined => {
    if (operation.isPublic || as === 'nobody') return undefined;
    if (as === 'stranger') return world.bob;
    return operation.requiredScope === 'admin' ? (world.admin ?? owner) : owner;
  };

  /** Ids and words of everybody but the sender. */
  const secretsFrom = (sender: Person | undefined): string[] =>
    [world.ada, world.bob]
      .filter((person) => person !== sender)
      .flatMap(({ id, secret, belongings }) => [id, secret, ...belongings.values()]);

  const ask = async (operation: Operation, probe: Probe, sender: Person | undefined): Promise<Asked> => {
    const isBroken = probe.expects === 'broken-wire';
    const methods = methodsOf(description, operation.path);
    try {
      const answer = await send(
        baseUrl,
        fromElsewhere(probe.wire, asked++),
        isBroken ? BROKEN_WIRE_TIMEOUT_MS : TIMEOUT_MS,
      );
      // Administrators see people, but not what is theirs.
      const secrets = operation.requiredScope === 'admin' && sender === world.admin ? [] : secretsFrom(sender);
      const expected = { named: description.named, secrets, methods };
      return { answer, faults: faultsOfAnswer(operation, probe, { answer, ...expected }) };
    } catch (error) {
      if (!(error instanceof NoAnswerError)) throw error;
      return { answer: undefined, faults: isBroken ? [] : [{ rule: 'no answer', detail: error.message }] };
    }
  };

  /** Keeps a fault with the smallest request that shows it, unless the operation has shown it before. */
  const keep = async (
    operation: Operation,
    probe: Probe,
    failed: Asked & { fault: Fault; sender: Person | undefined },
  ) => {
    const { answer, fault, sender } = failed;
    const earlier = report.findings.filter((one) => one.operation === operation.name);
    const isKnown = earlier.some(({ rule, detail }) => rule === fault.rule && detail === fault.detail);
    if (isKnown || earlier.length >= MAX_FINDINGS_PER_OPERATION) return;
    const smallest = await shrink(probe.wire, async (wire) => {
      const { faults } = await ask(operation, { ...probe, wire }, sender);
      return faults.some(({ rule }) => rule === fault.rule);
    });
    report.findings.push({
      ...fault,
      operation: operation.name,
      what: probe.what,
      answer: answer ? `${answer.status} ${answer.text.slice(0, MAX_SHOWN_ANSWER)}` : 'nothing',
      curl: curlOf(baseUrl, smallest),
    });
  };

  return {
    async tryProbe(operation, given, owner = world.ada) {
      const sender = senderOf(operation, given, owner);
      const probe = { ...given, wire: withCredential(given.wire, sender) };
      const { answer, faults } = await ask(operation, probe, sender);
      count(report, operation, answer);
      // The outbox shows everybody's mails, and who uses others' tokens is not one that is kept out.
      if (answer && !operation.path.endsWith('/outbox')) remember(world, operation.path, answer.text);
      for (const fault of faults) await keep(operation, probe, { answer, faults, fault, sender });
      return answer;
    },
  };
}

function count(report: Report, { name }: Operation, answer: WireAnswer | undefined): void {
  const tally = report.tallies.get(name) ?? {};
  report.tallies.set(name, tally);
  const status = answer?.status ?? 'none';
  tally[status] = (tally[status] ?? 0) + 1;
  report.calls += 1;
}

/** Each request from another address, as far as a server on this machine believes it: one would soon be locked out. */
const fromElsewhere = (wire: WireRequest, index: number): WireRequest => ({
  ...wire,
  headers: [...wire.headers, ['cf-connecting-ip', `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`]],
});

/** A probe that brings a credential of its own keeps it. */
function withCredential(wire: WireRequest, sender: Person | undefined): WireRequest {
  const hasOwn = wire.headers.some(([name]) => name === 'authorization');
  if (!sender || hasOwn) return wire;
  return { ...wire, headers: [...wire.headers, ['authorization', `Bearer ${sender.client.token}`]] };
}
