import type { WireRequest } from './wire.ts';

const LONG_RUN = /(.)\1{199,}/su;
const MAX_INLINE_BYTES = 4_000;

/** The request as a command; `$TOKEN` stands for the caller's credential. */
export function curlOf(baseUrl: string, wire: WireRequest): string {
  const headers = wire.headers.map(([name, value]) =>
    name === 'authorization' && /^Bearer cpa?_/.test(value)
      ? `-H "authorization: Bearer $TOKEN"`
      : `-H ${quoted(value === '' ? `${name};` : `${name}: ${value}`)}`,
  );
  const chunked = wire.isChunked ? ['-H', quoted('transfer-encoding: chunked')] : [];
  const { before, option } = bodyOf(wire.body);
  const method = wire.method === 'HEAD' ? ['-I'] : ['-X', wire.method];
  const parts = [
    'curl -sS -i --path-as-is',
    ...method,
    quoted(`${baseUrl}${wire.target}`),
    ...headers,
    ...chunked,
    ...option,
  ];
  return `${before}${parts.join(' ')}`;
}

function bodyOf(body: Buffer | undefined): { before: string; option: string[] } {
  if (body === undefined || body.length === 0) return { before: '', option: [] };
  const text = body.toString();
  const isText = Buffer.from(text).equals(body) && !text.includes('\0');
  if (isText && text.length <= MAX_INLINE_BYTES) return { before: '', option: ['--data-binary', quoted(text)] };
  return { before: `node -e ${quoted(writing(text, { body, isText }))} | `, option: ['--data-binary', '@-'] };
}

/** JavaScript that writes the body: a long run of one character is not spelt out. */
function writing(text: string, { body, isText }: { body: Buffer; isText: boolean }): string {
  const run = isText ? LONG_RUN.exec(text) : null;
  if (!run) return `process.stdout.write(Buffer.from("${body.toString('base64')}","base64"))`;
  const [all, character = ''] = run;
  const pieces = [text.slice(0, run.index), text.slice(run.index + all.length)].map((piece) => JSON.stringify(piece));
  const count = all.length / character.length;
  return `process.stdout.write(${pieces[0]}+${JSON.stringify(character)}.repeat(${count})+${pieces[1]})`;
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
