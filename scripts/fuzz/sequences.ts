import type { TryProbe } from './bench.ts';
import { parsed } from './checks.ts';
import type { Description, Operation } from './description.ts';
import type { Dice } from './dice.ts';
import { draftOf, filePart, toWire } from './draft.ts';
import { isRecord, type NamedSchemas } from './json-schema.ts';
import { declared, type Expectation } from './probe.ts';
import type { Known } from './values.ts';
import type { WireAnswer } from './wire.ts';
import type { Person } from './world.ts';

type Tools = { person: Person; dice: Dice; tryProbe: TryProbe };

/** Lives of things and credentials: made, used, ended, used again. */
export async function sequencesOf({ operations, named }: Description, tools: Tools): Promise<void> {
  const find = (name: string) => operations.find((operation) => operation.name === name);
  for (const create of operations.filter(({ method, path }) => method === 'POST' && find(`DELETE ${path}/{id}`))) {
    const own = operations.filter(({ path }) => path.startsWith(`${create.path}/{id}`));
    await lifeOf(create, { own, named, ...tools });
  }
  const [upload, cancel, retry] = ['POST /v1/documents', 'POST /v1/jobs/{id}/cancel', 'POST /v1/jobs/{id}/retry'].map(
    find,
  );
  if (upload && cancel && retry) await lifeOfJob(upload, { steps: [cancel, retry, cancel, retry], ...tools });
  const [key, revoke, me] = ['POST /v1/api-keys', 'DELETE /v1/api-keys/{id}', 'GET /v1/me'].map(find);
  if (key && revoke && me) await lifeOfKey(key, { revoke, me, ...tools });
}

const at = (operation: Operation, id: string) => toWire({ operation, segments: { id }, query: [], headers: [] });

/** Work that is stopped as soon as it was asked for, and begun again. */
async function lifeOfJob(upload: Operation, { steps, person, tryProbe }: Tools & { steps: Operation[] }) {
  const parts = [filePart('A note that is read, or not.')];
  const wire = toWire({ operation: upload, segments: {}, query: [], headers: [], parts });
  const made = await tryProbe(upload, declared('sequence: upload', wire), person);
  const body = parsed(made?.text ?? '');
  const id = isRecord(body) && isRecord(body.job) ? String(body.job.id) : '';
  for (const step of steps) await tryProbe(step, declared('sequence: stop and begin a job', at(step, id)), person);
}

type KeyLife = Tools & { revoke: Operation; me: Operation };

/** A key that was revoked opens nothing. */
async function lifeOfKey(create: Operation, { revoke, me, person, tryProbe }: KeyLife): Promise<void> {
  const json = { name: 'Short-lived', scopes: ['account:read'] };
  const made = await tryProbe(
    create,
    declared('sequence: make a key', toWire({ operation: create, segments: {}, query: [], headers: [], json })),
    person,
  );
  const body = parsed(made?.text ?? '');
  if (!isRecord(body)) return;
  const wire = toWire({ operation: me, segments: {}, query: [], headers: [['authorization', `Bearer ${body.key}`]] });
  await tryProbe(me, declared('sequence: use a key', wire), person);
  await tryProbe(revoke, declared('sequence: revoke a key', at(revoke, String(body.id))), person);
  await tryProbe(me, { what: 'sequence: use a revoked key', wire, expects: 'unauthenticated' }, person);
}

type Life = Tools & { own: Operation[]; named: NamedSchemas };

/** Whatever the kind: what was deleted is neither read nor changed any more, unless it is brought back. */
async function lifeOf(create: Operation, { own, named, person, dice, tryProbe }: Life): Promise<void> {
  const scopesAreFew: Known = (name) => (name === 'scopes' ? ['account:read'] : undefined);
  const known: Known = (name, schema) => {
    if (name === 'collectionId' || name === 'parentId') return null;
    if (name === 'metadata') return create.formBody ? '{}' : {};
    if (name === 'expiresAt') return '2099-01-01T00:00:00Z';
    return scopesAreFew(name, schema);
  };
  const fresh = { dice, named, known };
  const draft = draftOf(create, fresh);
  const parts = draft.parts?.filter(({ disposition }) => disposition.includes('"file"'));
  const made = await tryProbe(
    create,
    declared('sequence: make', toWire({ ...draft, ...(parts && { parts }) })),
    person,
  );
  const id = idIn(made);
  if (id === undefined) return;

  const use = (operation: Operation, what: string, expects: Expectation, headers: [string, string][] = []) => {
    const knownId: Known = (name, schema) =>
      name === 'id' ? id : name === 'version' ? undefined : known(name, schema);
    const one = draftOf(operation, { ...fresh, known: knownId });
    const wire = toWire({ ...one, headers: [...one.headers, ...headers], query: [] });
    return tryProbe(operation, { what: `sequence: ${what}`, wire, expects }, person);
  };
  const remove = own.find(({ method, path }) => method === 'DELETE' && path === `${create.path}/{id}`);
  const read = own.find(({ method, path }) => method === 'GET' && path === `${create.path}/{id}`);
  const revive = own.filter(({ path }) => path.endsWith('/restore'));
  if (!remove) return;
  const seen = read && (await use(read, 'read', 'declared'));
  const tag = seen?.headers.etag;
  if (read && tag !== undefined) await use(read, 'read what is known', 'declared', [['if-none-match', tag]]);
  const isVersioned = !remove.parameters.some(({ name }) => name === 'Tus-Resumable');
  if (remove.responses['412'] && isVersioned)
    await use(remove, 'delete another version', 'refused', [['if-match', '"999999"']]);
  await use(remove, 'delete', 'declared');
  for (const operation of own.filter((each) => each !== remove && !revive.includes(each))) {
    await use(operation, 'use after deletion', 'refused');
  }
  for (const operation of revive) {
    await use(operation, 'bring back', 'declared');
    if (read) await use(read, 'read again', 'declared');
  }
}

/** The id of what was made: of the answer itself, or of the one thing in it that is not a job. */
function idIn(answer: WireAnswer | undefined): string | undefined {
  const body = answer && answer.status < 300 ? parsed(answer.text) : undefined;
  if (!isRecord(body)) return undefined;
  if (typeof body.id === 'string') return body.id;
  const [first] = Object.entries(body).filter(([name]) => name !== 'job');
  return isRecord(first?.[1]) && typeof first[1].id === 'string' ? first[1].id : undefined;
}
