import { z } from 'zod';
import type { Operation } from './description.ts';
import { faultsOf, type NamedSchemas } from './json-schema.ts';
import type { Expectation, Probe } from './probe.ts';
import type { WireAnswer } from './wire.ts';

/** What is wrong with an answer, and by which rule. */
export type Fault = { rule: string; detail: string };

export type Expected = {
  named: NamedSchemas;
  /** Texts and ids of other people, which this caller may not see. */
  secrets: readonly string[];
  /** Methods that the path takes. */
  methods: readonly string[];
};

/** No answer of one user's own small objects needs longer, even on a busy machine. */
export const MAX_DURATION_MS = 10_000;

const REQUIRED_HEADERS: Record<string, RegExp> = {
  'content-security-policy': /default-src 'none'/,
  'x-content-type-options': /^nosniff$/,
  'x-frame-options': /^DENY$/,
  'referrer-policy': /^no-referrer$/,
  'strict-transport-security': /max-age=\d{8}/,
  'cross-origin-resource-policy': /^same-site$/,
  'cache-control': /no-cache|no-store/,
  'x-request-id': /^[\w.:-]{8,100}$/,
  'server-timing': /db;dur=/,
};

/** What belongs in logs, if anywhere. */
const LEAKS = [
  /\bundefined\b/,
  /\[object \w+\]/,
  /\bat \S+ \(?\S+:\d+:\d+/,
  /\.[cm]?[jt]s:\d+/,
  /SQLITE_|D1_ERROR|no such (table|column)|UNIQUE constraint|\bdrizzle\b/i,
  /\b(select|insert into|update|delete from)\b.+\b(from|values|set|where)\b/i,
  /\b(Type|Range|Syntax|Reference|Zod)Error\b/,
  /scrypt\$|\$2[aby]\$\d\d\$/,
];

const problemSchema = z.strictObject({
  type: z.string(),
  title: z.string().min(1),
  status: z.int(),
  detail: z.string().min(1),
  code: z.string().regex(/^[a-z\d_]+$/),
  requestId: z.string(),
  errors: z.array(z.strictObject({ path: z.string(), message: z.string().min(1) })).optional(),
});

/** Everything that is wrong with an answer. */
export function faultsOfAnswer(
  operation: Operation,
  probe: Probe,
  { answer, ...expected }: Expected & { answer: WireAnswer },
): Fault[] {
  if (probe.expects === 'broken-wire' && answer.headers['x-request-id'] === undefined) return brokenWireFaults(answer);
  return [
    ...statusFaults(operation, probe, { answer, methods: expected.methods }),
    ...headerFaults(answer),
    ...(answer.status < 400
      ? successFaults(operation, probe, { answer, named: expected.named })
      : problemFaults(probe, answer)),
    ...isolationFaults(probe, { answer, secrets: expected.secrets }),
    ...(answer.durationMs > MAX_DURATION_MS
      ? [{ rule: 'too slow', detail: `${Math.round(answer.durationMs)} ms` }]
      : []),
  ];
}

/** What is not HTTP never reaches the Worker. */
const brokenWireFaults = ({ status }: WireAnswer): Fault[] =>
  status >= 500 ? [{ rule: 'server error', detail: `status ${status}` }] : [];

const ALSO_ALLOWED: Record<Expectation, string[]> = {
  declared: [],
  rerouted: ['404', '405'],
  'wrong-method': ['405'],
  refused: [],
  unauthenticated: ['401'],
  'broken-wire': ['400', '404', '405'],
};

type Judged = { answer: WireAnswer; methods: readonly string[] };

function statusFaults(operation: Operation, { expects }: Probe, { answer, methods }: Judged): Fault[] {
  const { status, headers } = answer;
  if (status >= 500 && operation.responses[status] === undefined)
    return [{ rule: 'server error', detail: `status ${status}` }];
  const isDeclared = operation.responses[status] !== undefined && expects !== 'wrong-method';
  if (!isDeclared && !ALSO_ALLOWED[expects].includes(String(status))) {
    return [{ rule: expects === 'wrong-method' ? 'not 405' : 'undeclared status', detail: `status ${status}` }];
  }
  if (expects === 'refused' && status < 400) return [{ rule: 'not refused', detail: `status ${status}` }];
  if (expects === 'unauthenticated' && status !== 401) return [{ rule: 'not 401', detail: `status ${status}` }];
  const allow = (headers.allow ?? '').split(', ').sort().join(', ');
  const wanted = [...methods].sort().join(', ');
  return expects === 'wrong-method' && allow !== wanted
    ? [{ rule: 'Allow', detail: `“${allow}”, not “${wanted}”` }]
    : [];
}

function headerFaults({ headers, status }: WireAnswer): Fault[] {
  const needed = Object.entries(REQUIRED_HEADERS).filter(([name, pattern]) => !pattern.test(headers[name] ?? ''));
  const faults = needed.map(([name]) => ({ rule: 'header', detail: `${name}: ${headers[name] ?? 'missing'}` }));
  if (headers['x-powered-by'] !== undefined) faults.push({ rule: 'header', detail: 'x-powered-by' });
  if (status === 401 && headers['www-authenticate'] !== 'Bearer')
    faults.push({ rule: 'header', detail: 'www-authenticate' });
  if ([429, 503].includes(status) && !/^\d+$/.test(headers['retry-after'] ?? '')) {
    faults.push({ rule: 'header', detail: `retry-after: ${headers['retry-after'] ?? 'missing'}` });
  }
  return faults;
}

type Success = { answer: WireAnswer; named: NamedSchemas };

function successFaults({ responses }: Operation, { wire }: Probe, { answer, named }: Success): Fault[] {
  const { status, headers, text } = answer;
  const declaredTypes = responses[status];
  if (!declaredTypes) return [];
  if (wire.method === 'HEAD') return text === '' ? [] : [{ rule: 'body', detail: 'an answer to HEAD has one' }];
  if (Object.keys(declaredTypes).length === 0)
    return text === '' ? [] : [{ rule: 'body', detail: `${status} has one` }];
  const type = (headers['content-type'] ?? '').split(';')[0] ?? '';
  const schema = declaredTypes[type];
  // What somebody uploaded comes back as what they said it is.
  if (declaredTypes['application/octet-stream']) return [];
  if (!schema) return [{ rule: 'content type', detail: `${type || 'none'} of ${status}` }];
  if (type !== 'application/json') return [];
  const value = parsed(text);
  if (value === undefined) return [{ rule: 'schema', detail: `no JSON: ${text.slice(0, 100)}` }];
  return faultsOf(schema, value, { named })
    .slice(0, 5)
    .map((detail) => ({ rule: 'schema', detail }));
}

function problemFaults({ wire }: Probe, { status, headers, text }: WireAnswer): Fault[] {
  if (headers['content-type'] !== 'application/problem+json') {
    return [{ rule: 'content type', detail: `${headers['content-type'] ?? 'none'} of ${status}` }];
  }
  if (wire.method === 'HEAD') return [];
  const problem = problemSchema.safeParse(parsed(text));
  if (!problem.success)
    return [{ rule: 'problem', detail: `${z.prettifyError(problem.error)} in ${text.slice(0, 300)}` }];
  const { type, status: told, code, requestId, errors = [] } = problem.data;
  const rules: [broken: boolean, detail: string][] = [
    [told !== status, `it says ${told}, the answer is ${status}`],
    [type !== `urn:commonplace:problem:${code}`, `${type} of ${code}`],
    [requestId !== headers['x-request-id'], 'another request id than in the header'],
    [code === 'invalid_fields' && errors.length === 0, 'no field is named'],
  ];
  const faults = rules.filter(([broken]) => broken).map(([, detail]) => ({ rule: 'problem', detail }));
  return [...faults, ...leakFaults(problem.data, wire.body?.toString() ?? '', wire.target)];
}

/** A problem may repeat what the caller sent, but nothing of what the program is made of. */
function leakFaults(problem: z.output<typeof problemSchema>, body: string, target: string): Fault[] {
  const sent = `${body}${target}`;
  const said = [
    problem.title,
    problem.detail,
    ...(problem.errors ?? []).flatMap(({ path, message }) => [path, message]),
  ];
  return said.flatMap((text) =>
    LEAKS.flatMap((pattern) => {
      const found = pattern.exec(text)?.[0];
      return found === undefined || sent.includes(found) ? [] : [{ rule: 'leak', detail: `“${found}” in “${text}”` }];
    }),
  );
}

function isolationFaults(
  { wire }: Probe,
  { answer, secrets }: { answer: WireAnswer; secrets: readonly string[] },
): Fault[] {
  const sent = `${wire.target} ${wire.body?.toString() ?? ''}`;
  const told = `${answer.text} ${JSON.stringify(answer.headers)}`;
  const seen = secrets.filter((secret) => told.includes(secret) && !sent.includes(secret));
  return seen.map((secret) => ({ rule: 'isolation', detail: `somebody else’s “${secret}”` }));
}

/** Undefined for text that is no JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
