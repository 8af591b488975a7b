import type { Dice } from './dice.ts';
import { type Draft, toWire } from './draft.ts';
import { declared, type Probe, shown } from './probe.ts';

const UUID = '0199c0de-0000-7000-8000-000000000000';

/** Headers that any operation may be sent, whether it reads them or not. `Accept-Encoding` is not the Worker's business. */
const ANYWHERE: Record<string, string[]> = {
  accept: ['text/html', 'application/xml;q=1, */*;q=0', 'x', ',,;;q=', '*/*;q=1e999'],

  'if-match': ['*', '"1"', 'W/"1"', '"0", "999999"', '"1", "2"', '"a,b", W/"1-0"', '"', ',', '1', '"1"'.repeat(500)],
  'if-none-match': ['*', '"1"', 'W/"1-0", "x"', '"', ',,,'],
  'if-modified-since': ['Sat, 29 Oct 1994 19:43:31 GMT', 'never'],
  range: ['bytes=0-0', 'bytes=-1', 'bytes=5-', 'bytes=9-1', 'bytes=0-0,2-3', 'bytes=99999999999999999999-', 'lines=1'],
  'if-range': ['"x"', 'W/"x"', 'Sat, 29 Oct 1994 19:43:31 GMT'],
  'last-event-id': ['-1', 'NaN', '1e309', 'x'],
  'idempotency-key': [UUID, 'x'.repeat(255), 'x'.repeat(256), 'with space', '"quoted"', "' or 1=1 --", '', 'é'],
  origin: ['https://evil.example', 'null', 'x', '*'],
  'access-control-request-method': ['DELETE'],
  cookie: ['session=x; __proto__=1', 'a'.repeat(4_000)],
  'user-agent': ['', 'x'.repeat(5_000), '() { :;}; echo', "é'\u00ff"],
  'x-request-id': ['x'.repeat(101), '<script>', 'ok-request-id'],
  'x-d1-bookmark': ['00000000-00000000-00000000-0', 'x'.repeat(201), "' or 1"],
  'x-http-method-override': ['DELETE'],
  'x-forwarded-for': ['127.0.0.1, ::1, x'],
  'x-forwarded-host': ['evil.example'],
  'content-encoding': ['gzip', 'identity'],
  'max-forwards': ['0'],
  forwarded: ['for="[::1]";host=evil.example'],
  'transfer-extension': ['x'],
  'tus-resumable': ['0.2.2', '1.0', ''],
  'upload-offset': ['-1', '1e3', '9'.repeat(30), ''],
  'upload-length': ['-1', '0', '9'.repeat(15), '9'.repeat(30)],
  'upload-metadata': ['a b c', ',,', 'title =', 'title /w==', 'é', `title ${'YWFh'.repeat(2_000)}`],
  'upload-checksum': ['sha1', 'md5 AAAA', 'sha256 AAAA', 'crc32 AAAAAA==', 'constructor AAAA'],
  'upload-concat': ['partial', 'final;/v1/uploads/a'],
};

const CREDENTIALS = [
  '',
  'Bearer',
  'Bearer ',
  'bearer x',
  'Basic dXNlcjpwYXNz',
  'Bearer a b',
  `Bearer cpa_${'A'.repeat(43)}`,
  `Bearer cp_${'A'.repeat(43)}`,
  `Bearer ${'A'.repeat(6_000)}`,
  'Bearer ../../x',
  "Bearer ' or 1=1 --",
];

const CONTENT_TYPES = [
  'application/json; charset=utf-8',
  'application/json;charset=utf-16',
  'APPLICATION/JSON',
  'application/json; charset="x"; a=b',
  'application/merge-patch+json',
  'application/jsonx',
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  'multipart/form-data; boundary=',
  'multipart/form-data; boundary=x',
  'application/json, text/plain',
  '/',
  '',
];

/** Headers as clients, proxies and attackers send them; bodies where none belongs; bodies in chunks. */
export function* headerProbes(draft: Draft, dice: Dice): Generator<Probe> {
  const withHeaders = (...headers: Draft['headers']) => toWire({ ...draft, headers: [...draft.headers, ...headers] });
  for (const name of dice.sample(Object.keys(ANYWHERE), 9)) {
    for (const value of dice.sample(ANYWHERE[name] ?? [], 2)) {
      yield declared(`${name}: ${shown(value)}`, withHeaders([name, value]));
    }
  }
  for (const value of dice.sample(CREDENTIALS, 2)) {
    yield declared(`authorization: ${shown(value)}`, withHeaders(['authorization', value]));
  }
  for (const value of dice.sample(CONTENT_TYPES, 3)) {
    yield declared(`content-type: ${shown(value)}`, withHeaders(['content-type', value]));
  }
  const repeated = dice.pick(['if-match', 'if-none-match', 'range', 'idempotency-key', 'content-type', 'x-request-id']);
  yield declared(`${repeated} twice`, withHeaders([repeated, '"1"'], [repeated, '"2"']));
  yield declared('a body in chunks', {
    ...withHeaders(),
    isChunked: true,
    body: toWire(draft).body ?? Buffer.from('{}'),
  });
  if (!draft.json && !draft.parts) {
    const json: Draft['headers'][number] = ['content-type', 'application/json'];
    yield declared('a body where none belongs', { ...withHeaders(json), body: Buffer.from('{"a":1}') });
    const large = Buffer.from(JSON.stringify('x'.repeat(1_100_000)));
    if (dice.chance(0.3)) yield declared('a large body where none belongs', { ...withHeaders(json), body: large });
  }
  const head = { ...withHeaders(), method: 'HEAD' };
  if (draft.operation.method === 'GET') yield declared('HEAD', head);
}
