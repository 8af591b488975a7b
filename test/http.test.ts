import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeCursor, encodeCursor, InvalidCursorError } from '../src/shared/page.ts';
import { newUser, type TestUser } from './support/actors.ts';
import { call, send } from './support/app.ts';
import { jobEnd } from './support/library.ts';
import { describedOperations } from './support/openapi-operations.ts';
import { checkedCall } from './support/well-formed.ts';

type Problem = { code: string; detail: string; errors?: { path: string; message: string }[] };

let user: TestUser;
beforeAll(async () => {
  user = await newUser();
});

describe('a method that the path does not take', async () => {
  const operations = await describedOperations();
  // A path like `/users/{id}` fits `/users/statistics` too, and takes its methods there.
  const fits = (template: string, path: string) =>
    new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path);
  const paths = [...new Set(operations.map(({ path }) => path))].map((path) => ({
    path,
    methods: [
      ...new Set(
        operations
          .filter((operation) => fits(operation.path, path))
          .flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method])),
      ),
    ],
  }));

  it.each(paths)('$path names those that it takes', async ({ path, methods }) => {
    const wrong = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].filter(
      (each) => !methods.includes(each),
    );
    for (const method of wrong) {
      const target = path.replaceAll(/\{\w+\}/g, () => crypto.randomUUID());
      const { status, headers } = await send(target, { method });
      expect([status, headers.get('allow')?.split(', ').sort()], method).toEqual([405, [...methods].sort()]);
    }
  });

  it('is refused with a problem, before anybody is asked who they are', async () => {
    const answer = await checkedCall<Problem>('/v1/me', {
      method: 'PUT',
      body: '{',
      headers: { 'content-type': 'x/y' },
    });
    expect(answer.body).toMatchObject({
      status: 405,
      code: 'method_not_allowed',
      detail: 'This path takes GET, HEAD, PATCH, DELETE.',
    });
    expect((await checkedCall('/docs/index.html', { method: 'POST' })).headers.get('allow')).toBe('GET, HEAD');
    expect((await checkedCall('/v1/nothing', { method: 'PUT' })).status).toBe(404);
  });

  it('does not stand in the way of a browser that asks beforehand', async () => {
    const headers = { origin: 'https://app.example', 'access-control-request-method': 'PATCH' };
    expect((await call('/v1/me', { method: 'OPTIONS', headers })).status).toBe(204);
  });
});

describe('`If-Match` and `If-None-Match`', () => {
  const rename = (headers: Record<string, string>) =>
    call<Problem>('/v1/me', { method: 'PATCH', token: user.token, body: { fullName: crypto.randomUUID() }, headers });
  const versionNow = async () => (await call<{ version: number }>('/v1/me', { token: user.token })).body.version;

  it.each([
    ['the tag', (version: number) => `"${version}"`],
    ['a list with it', (version: number) => `"${version}", "${version - 1}"`],
    ['a list without spaces, with weak tags', (version: number) => `W/"${version - 1}-7",W/"${version}-7"`],
    ['a list with others’ tags', (version: number) => `"a, b", "${version}", "sha256:x"`],
    ['any', () => '*'],
  ])('let a change through that names %s', async (_, list) => {
    await rename({});
    const version = await versionNow();
    expect((await rename({ 'if-match': list(version) })).status).toBe(200);
    expect(await versionNow()).toBe(version + 1);
  });

  it.each([
    ['older ones only', (version: number) => `"${version - 1}", "${version - 2}"`],
    ['others’ tags only', () => '"a", "b"'],
    ['one that is to come', (version: number) => `"${version + 1}"`],
    ['half a tag', (version: number) => `"${version}", "`],
    ['none', () => ''],
  ])('stop a change that names %s', async (_, list) => {
    await rename({});
    const version = await versionNow();
    const refused = await rename({ 'if-match': list(version) });
    expect([refused.status, refused.body.code]).toEqual([412, 'stale_version']);
    expect(await versionNow()).toBe(version);
  });

  it('spare what is among the known', async () => {
    const get = async (known: string) =>
      (await call('/v1/me', { token: user.token, headers: { 'if-none-match': known } })).status;
    const version = await versionNow();
    expect(await get(`"x,y", W/"${version}"`)).toBe(304);
    expect(await get('*')).toBe(304);
    expect(await get(`"${version - 1}", "z"`)).toBe(200);
    expect(await get(`${version}`)).toBe(200);
  });
});

describe('what a request says of fields', () => {
  it('that are missing is that they are missing', async () => {
    const { body } = await call<Problem>('/v1/auth/login', { body: {} });
    expect(body.errors).toEqual([
      { path: 'identifier', message: 'It is missing.' },
      { path: 'password', message: 'It is missing.' },
    ]);
    const search = await call<Problem>('/v1/search', { token: user.token });
    expect(search.body.errors).toEqual([{ path: 'q', message: 'It is missing.' }]);
  });

  it('that are given twice in the query is that, and changes nothing', async () => {
    const answer = await checkedCall<Problem>('/v1/tags?limit=1&limit=2', { token: user.token });
    expect([answer.status, answer.body.errors?.[0]?.path]).toEqual([422, 'limit']);
  });
});

describe('a form', () => {
  const sendForm = (parts: (string | Uint8Array)[]) => {
    const bytes = parts.map((part) => (typeof part === 'string' ? new TextEncoder().encode(part) : part));
    return call<Problem & { document: { id: string; mediaType: string; status: string }; job: { id: string } }>(
      '/v1/documents',
      {
        token: user.token,
        body: new Blob(bytes.map((part) => Uint8Array.from(part))).stream(),
        headers: { 'content-type': 'multipart/form-data; boundary=b' },
      },
    );
  };
  const FILE = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n';
  const END = '\r\n--b--\r\n';
  const LATIN = Uint8Array.from([...'Der Stra\xdfenverkehr in K\xf6ln, caf\xe9 \xa4'].map((one) => one.charCodeAt(0)));

  it.each([
    ['text/plain; charset=iso-8859-15', 'text/plain; charset=iso-8859-15', '€'],
    ['text/plain; format=flowed; Charset="ISO-8859-15"', 'text/plain; charset=iso-8859-15', '€'],
    ['text/plain; charset=iso-8859-1', 'text/plain; charset=iso-8859-1', '¤'],
  ])('has its file read as it was declared: %s', async (declared, mediaType, last) => {
    const accepted = await sendForm([`${FILE}Content-Type: ${declared}\r\n\r\n`, LATIN, END]);
    expect([accepted.status, accepted.body.document.mediaType]).toEqual([202, mediaType]);
    await jobEnd(user.token, accepted.body.job.id);
    const { body } = await call<{ text: string }>(`/v1/documents/${accepted.body.document.id}/text`, {
      token: user.token,
    });
    expect(body.text).toContain(`Straßenverkehr in Köln, café ${last}`);
  });

  it('does not take the charset of another part for that of the file', async () => {
    const title =
      '--b\r\nContent-Disposition: form-data; name="title"\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nA\r\n';
    const accepted = await sendForm([`${title}${FILE}Content-Type: text/plain\r\n\r\n`, LATIN, END]);
    expect(accepted.body.document.mediaType).toBe('text/plain');
  });

  it.each([
    ['without a name', '--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n', ''],
    ['with a name that objects have', '--b\r\nContent-Disposition: form-data; name="toString"\r\n\r\nx\r\n', ''],
    ['that is a prototype', '--b\r\nContent-Disposition: form-data; name="__proto__"\r\n\r\n{}\r\n', ''],
    ['that is a file without a name', '--b\r\nContent-Disposition: form-data; filename="x"\r\n\r\nx\r\n', ''],
  ])('is refused for a part %s, in so many words', async (_, part, path) => {
    const answer = await sendForm([`${part}${FILE}\r\nA note.`, END]);
    expect(answer.status).toBe(422);
    expect(answer.body.errors?.[0]?.path).toBe(path);
    expect(JSON.stringify(answer.body)).not.toMatch(/undefined|given twice/);
  });
});

// Here, because only workerd has the base64 that cursors are written in.
describe('cursors', () => {
  const text = fc.string({ unit: 'grapheme' });
  const value = fc.oneof(text, fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(null));

  it('bring back the place that they were made of, in their list and in no other', () => {
    fc.assert(
      fc.property(value, text, text, text, (at, id, list, other) => {
        const cursor = encodeCursor({ value: at, id }, list);
        expect(cursor).toMatch(/^[\w-]*$/);
        expect(decodeCursor(cursor, list)).toEqual({ value: at === 0 ? 0 : at, id });
        if (other !== list) expect(() => decodeCursor(cursor, other)).toThrow(InvalidCursorError);
      }),
      { seed: 20261122 },
    );
  });

  it('are refused in one way, whatever else they are', () => {
    const json = fc.jsonValue().map((made) => Buffer.from(JSON.stringify(made)).toString('base64url'));
    const bytes = fc.uint8Array().map((made) => Buffer.from(made).toString('base64url'));
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), json, bytes), (cursor) => {
        expect(() => decodeCursor(cursor, 'createdAt:desc')).toThrow(InvalidCursorError);
      }),
      { seed: 20261122 },
    );
  });
});
