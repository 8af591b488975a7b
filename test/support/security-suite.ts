import { beforeAll, describe, expect, it } from 'vitest';
import { SCOPES } from '../../src/shared/actor.ts';
import { newAdmin, newApiKey, newUser, type TestUser } from './actors.ts';
import { type Call, call } from './app.ts';
import { bodyFaults, hostileQueries, wrongTypes } from './hostile-input.ts';
import { fillPath, isId, type Operation, type Parameter } from './openapi-operations.ts';
import { isReference, type Override, referencesIn, sampleOf, sampleQuery, sampleRequest, typeOf } from './samples.ts';
import {
  crossOwnerLinks,
  deadCredentials,
  type Inhabitant,
  keysByScope,
  kindOf,
  kindOfParameter,
  newInhabitant,
  refusedAndCommitted,
  rowsOf,
  settled,
} from './security-world.ts';
import { checkedCall } from './well-formed.ts';

type Items = { items?: unknown[] };
type Problem = { code: string; errors?: { path: string }[] };

/** What no `If-Match` header of a changed thing can be. */
const STALE_TAGS = ['"0"', '"999999"', '"nonsense"', '"', '7'];

const MAX_JSON_BYTES = 1024 * 1024;
const nowhere = () => crypto.randomUUID();

/** Who may call: nobody without a live credential, and no credential without the scope. */
export function describeAccess(operations: Operation[], { publicNames }: { publicNames: string[] }): void {
  const guarded = operations.filter(({ name }) => !publicNames.includes(name));

  it('is open to anyone only where the list says so', () => {
    const open = operations.filter((operation) => operation.isPublic).map(({ name }) => name);
    expect(open.sort()).toEqual([...publicNames].sort());
  });

  describe('without a live credential', () => {
    let credentials: Record<string, string | undefined> = {};
    beforeAll(async () => {
      credentials = await deadCredentials();
    });

    it.each(guarded)('$name answers 401', async (operation) => {
      for (const [kind, token] of Object.entries(credentials)) {
        const answer = await checkedCall(fillPath(operation, nowhere), { operation, method: operation.method, token });
        expect(answer.status, kind).toBe(401);
      }
    });
  });

  describe('with an API key', () => {
    let keys: Awaited<ReturnType<typeof keysByScope>>;
    beforeAll(async () => {
      keys = await keysByScope();
    });

    it.each(guarded)('$name needs the scope that it declares, and no other', async (operation) => {
      const { requiredScope = '' } = operation;
      expect(SCOPES as readonly string[]).toContain(requiredScope);
      const pair = keys.get(requiredScope as (typeof SCOPES)[number]);
      const ask = (token: string | undefined) =>
        checkedCall<Problem>(fillPath(operation, nowhere), { operation, method: operation.method, token });
      const refused = await ask(pair?.without);
      expect([refused.status, refused.body.code]).toEqual([403, 'forbidden']);
      const heard = await ask(pair?.only);
      expect(heard.status).not.toBe(401);
      expect(heard.body.code).not.toBe('forbidden');
    });
  });
}

/** What is for administrators: nobody else, by whatever credential, and on whomever. */
export function describeAdministration(operations: Operation[]): void {
  const administrative = operations.filter(isForAdmins);
  let user: TestUser;
  let key: string;
  beforeAll(async () => {
    user = await newUser();
    const scopes = SCOPES.filter((scope) => scope !== 'admin');
    ({ key } = await newApiKey(user, scopes));
    // Its first use is noted, by which nothing else is to be mistaken.
    await call('/v1/me', { token: key });
  });

  it('is what stands under /v1/admin, and nothing else', () => {
    const paths = operations.filter(({ path }) => path.startsWith('/v1/admin/'));
    expect(administrative.map(({ name }) => name)).toEqual(paths.map(({ name }) => name));
    expect(administrative.length).toBeGreaterThan(10);
  });

  it.each(administrative)('$name is refused to a user, also on their own account', async (operation) => {
    const before = await rowsOf(user.user.id);
    for (const token of [user.token, key]) {
      const { method } = operation;
      const body = operation.jsonBody && sampleOf(operation.jsonBody);
      const path = fillPath(operation, () => user.user.id);
      const answer = await checkedCall<Problem>(path, { operation, method, token, body });
      expect([answer.status, answer.body.code]).toEqual([403, 'forbidden']);
    }
    expect(await rowsOf(user.user.id)).toEqual(before);
  });
}

/** What a user can reach: nothing of anybody else's, by whatever way an id or a word goes in. */
export function describeIsolation(operations: Operation[], { publicNames }: { publicNames: string[] }): void {
  // Administrators see what is everybody's; that nobody else does is shown under administration.
  const guarded = operations.filter((operation) => !publicNames.includes(operation.name) && !isForAdmins(operation));
  let owner: Inhabitant;
  let stranger: Inhabitant;
  let ownersRows: string[];

  beforeAll(async () => {
    [owner, stranger] = await Promise.all([newInhabitant(), newInhabitant()]);
    ownersRows = await rowsOf(owner.user.id);
    expect(ownersRows.length).toBeGreaterThan(5);
  });

  const idOf = ({ belongings }: Inhabitant, kind: string): string => {
    const id = belongings[kind];
    if (id === undefined)
      throw new Error(`Give the inhabitants of test/support/security-world.ts one of their ${kind}.`);
    return id;
  };
  /** Fills every reference with the stranger's own things, except those named, which become the owner's. */
  const references = (foreign: string[]): Override => {
    return (name, schema) => {
      if (!isReference(schema)) return undefined;
      const id = idOf(foreign.includes(name) ? owner : stranger, kindOf(name));
      return typeOf(schema) === 'array' ? [id] : id;
    };
  };
  const onlyForeign =
    (foreign: string): Override =>
    (name, schema) =>
      name === foreign ? references([foreign])(name, schema) : undefined;

  const trespass = (
    operation: Operation,
    options: { path: string; override?: Override; headers?: Call['headers'] },
  ) => {
    const { path, override, headers = {} } = options;
    const { body, headers: needed } = sampleRequest(operation, override);
    const request: Call = {
      method: operation.method,
      token: stranger.token,
      headers: { ...needed, ...headers },
      ...(body !== undefined && { body }),
    };
    return checkedCall<Items & Problem>(path, { operation, ...request });
  };

  const ownPath = (operation: Operation) =>
    fillPath(operation, (name) => idOf(stranger, kindOfParameter(operation.path, name)));

  /** Neither ids nor texts of the owner's. */
  const expectNoTrace = (text: string, what: string) => {
    const ids = Object.values(owner.belongings).concat(owner.user.id);
    for (const trace of [...ids, `of ${owner.canary}`, `Report ${owner.canary}`, `Tag ${owner.canary}`]) {
      const at = text.indexOf(trace);
      expect(at, `${what} gives away ${trace}: ${text.slice(Math.max(0, at - 300), at + 200)}`).toBe(-1);
    }
  };

  it.each(guarded.filter(({ pathParameters }) => pathParameters.length > 0))(
    '$name knows nothing of another user’s',
    async (operation) => {
      const names = operation.pathParameters.filter(isId).map(({ name }) => name);
      const trespasses = names.length > 1 ? [names, ...names.map((name) => [name])] : [names];
      for (const foreign of trespasses) {
        const path = fillPath(operation, (name) =>
          idOf(foreign.includes(name) ? owner : stranger, kindOfParameter(operation.path, name)),
        );
        const override = operation.jsonBody && references([]);
        const answer = await trespass(operation, { path, ...(override && { override }) });
        expect(answer.status, `with the owner's ${foreign}: ${JSON.stringify(answer.body)}`).toBe(404);
      }
    },
  );

  it.each(guarded.filter(isVersioned))('$name changes nothing under a tag that does not match', async (operation) => {
    const before = await rowsOf(stranger.user.id);
    for (const tag of STALE_TAGS) {
      const answer = await trespass(operation, { path: ownPath(operation), headers: { 'if-match': tag } });
      expect([answer.status, answer.body.code], tag).toEqual([412, 'stale_version']);
    }
    expect(await rowsOf(stranger.user.id)).toEqual(before);
  });

  // Before anybody searches by the owner's ids: what people typed stands in their own history, which they may read.
  it.each(guarded.filter(({ method, path }) => method === 'GET' && !path.includes('{')))(
    '$name lists nothing of another user’s',
    async (operation) => {
      const words: Override = (name) => (name === 'q' ? owner.canary : undefined);
      const answer = await trespass(operation, {
        path: operation.path + sampleQuery(operation.queryParameters, words),
      });
      expect(answer.status).toBe(200);
      expectNoTrace(JSON.stringify(answer.body), operation.name);
    },
  );

  const byQuery = guarded.flatMap((operation) =>
    operation.queryParameters.filter(isAddress).map((parameter) => ({ operation, parameter, name: operation.name })),
  );
  it.each(byQuery)('$name?$parameter.name= shows nothing of another user’s', async ({ operation, parameter }) => {
    const value = parameter.name === 'tag' ? `Tag ${owner.canary}` : idOf(owner, kindOf(parameter.name));
    const query = sampleQuery(operation.queryParameters, (name) => (name === parameter.name ? value : undefined));
    const answer = await trespass(operation, { path: ownPath(operation) + query });
    expectNothing(answer);
    expectNoTrace(JSON.stringify(answer.body), operation.name);
  });

  const byBody = guarded.flatMap((operation) => {
    const schema = operation.jsonBody ?? operation.formBody;
    const names = schema ? referencesIn(schema) : [];
    return [...new Set(names)].map((reference) => ({ operation, reference, name: operation.name }));
  });
  it.each(byBody)('$name takes no $reference of another user’s', async ({ operation, reference }) => {
    const answer = await trespass(operation, { path: ownPath(operation), override: onlyForeign(reference) });
    expectNothing(answer);
    expectNoTrace(JSON.stringify(answer.body), operation.name);
  });

  it.each(guarded.filter(isSearch))('$name finds nothing of another user’s', async (operation) => {
    const mode = operation.jsonBody?.properties?.mode ?? parameterNamed(operation, 'mode')?.schema;
    for (const chosen of mode?.enum ?? [undefined]) {
      const words: Override = (name) => ({ q: `notice period ${owner.canary}`, mode: chosen })[name];
      const path = ownPath(operation) + sampleQuery(operation.queryParameters, words);
      const answer = await trespass(operation, { path, override: words });
      expect(answer.status).toBe(200);
      expectNoTrace(JSON.stringify(answer.body), `${operation.name} ${chosen}`);
    }
  });

  it('has changed nothing of the owner’s, and tied nothing to it', async () => {
    await settled(stranger);
    expect(await rowsOf(owner.user.id)).toEqual(ownersRows);
    expect(await crossOwnerLinks()).toEqual([]);
  });

  it('has left no refusal in the audit log that took effect: a commit that changes nothing needs a guard', async () => {
    expect(await refusedAndCommitted()).toEqual([]);
  });

  it('would have shown what is there: the owner finds it', async () => {
    const answer = await checkedCall<Items>(`/v1/search?mode=keyword&q=${owner.canary}`, { token: owner.token });
    expect(answer.body.items).toMatchObject([{ documentId: owner.belongings.documents }]);
  });
}

/** What goes in: whatever it is, the answer says what is wrong with it, and nothing breaks. */
export function describeInput(operations: Operation[]): void {
  let user: TestUser;
  let admin: TestUser;
  beforeAll(async () => {
    [user, admin] = await Promise.all([newUser(), newAdmin()]);
  });

  const send = (operation: Operation, options: Call & { query?: string }) => {
    const { query = '', ...request } = options;
    const caller = isForAdmins(operation) ? admin : user;
    const token = operation.isPublic ? undefined : caller.token;
    const path = fillPath(operation, nowhere) + query;
    return checkedCall<Problem>(path, { operation, method: operation.method, token, ...request });
  };
  const asJson = { 'content-type': 'application/json' };
  const withJson = operations.filter(({ jsonBody }) => jsonBody !== undefined);

  it.each(withJson)('$name refuses malformed JSON', async (operation) => {
    for (const body of ['', '{', '{"a":}', '{} {}', "{'a': 1}", '\0', 'undefined']) {
      const answer = await send(operation, { body, headers: asJson });
      expect([answer.status, answer.body.code], body).toEqual([400, 'malformed']);
    }
  });

  it.each(withJson)('$name takes nothing but JSON', async (operation) => {
    const body = JSON.stringify(sampleOf(operation.jsonBody ?? {}));
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'json', '']) {
      const answer = await send(operation, { body, headers: { 'content-type': type } });
      expect([answer.status, answer.body.code], type).toEqual([415, 'unsupported_media_type']);
    }
  });

  it.each(withJson)('$name names fields of the wrong type', async (operation) => {
    for (const body of ['[]', '"text"', 'null', '7']) {
      expect((await send(operation, { body, headers: asJson })).status, body).toBe(422);
    }
    for (const { path, body } of wrongTypes(operation.jsonBody ?? {})) {
      const answer = await send(operation, { body });
      expect(answer.status, `${path}: ${JSON.stringify(answer.body)}`).toBe(422);
      const paths = answer.body.errors?.map((error) => error.path.split('.')[0]);
      expect(paths).toContain(path);
    }
  });

  it.each(withJson)('$name refuses a body that is too large', async (operation) => {
    const body = JSON.stringify({ filler: 'x'.repeat(MAX_JSON_BYTES) });
    expect((await send(operation, { body, headers: asJson })).status).toBe(413);
    const stream = new Blob([body]).stream();
    expect((await send(operation, { body: stream, headers: asJson })).status).toBe(413);
  });

  it.each(withJson)('$name survives hostile fields', async (operation) => {
    for (const body of bodyFaults(operation.jsonBody ?? {})) await send(operation, { body, headers: asJson });
  });

  it.each(operations)('$name survives hostile queries and ids', async (operation) => {
    for (const query of hostileQueries(operation.queryParameters)) await send(operation, { query });
    for (const id of operation.pathParameters.length > 0 ? ['x', '%00', "'--", '..', `${'9'.repeat(2000)}`] : []) {
      const path = fillPath(operation, () => id);
      const { token } = isForAdmins(operation) ? admin : user;
      const answer = await checkedCall(path, { method: operation.method, token });
      expect(answer.status, path).toBeGreaterThanOrEqual(400);
    }
  });
}

const parameterNamed = (operation: Operation, name: string): Parameter | undefined =>
  operation.queryParameters.find((parameter) => parameter.name === name);

/** What only administrators may do, with everybody's things: nobody else gets as far as to ask for one. */
const isForAdmins = ({ requiredScope }: Operation) => requiredScope === 'admin';

/** Whether the parameter names a thing, by its id or, as tags do, by its name. */
const isAddress = ({ name, schema }: Parameter) => isReference(schema) || name === 'tag';

/** Whether it looks at `If-Match`; 412 also says that a version of a protocol is not spoken. */
const isVersioned = ({ statuses, headerParameters }: Operation) =>
  statuses.includes('412') && !headerParameters.some(({ name }) => name === 'Tus-Resumable');

const isSearch = (operation: Operation) =>
  parameterNamed(operation, 'q') !== undefined || operation.jsonBody?.properties?.q !== undefined;

/** A refusal, or nothing in a list. What is neither is held to `expectNoTrace`. */
function expectNothing(answer: { status: number; body: Items }): void {
  const shown = answer.status < 300 ? (answer.body.items?.length ?? 0) : 0;
  expect(shown, `${answer.status} ${JSON.stringify(answer.body).slice(0, 500)}`).toBe(0);
}
