import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { unzipSync } from 'fflate';
import { afterAll, describe, expect, it } from 'vitest';
import { archiveName } from '../../src/shared/archive-names.ts';
import { jsonTextField } from '../../src/shared/json-text-field.ts';
import { createZipStream, type ZipFile } from '../../src/shared/zip-stream.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'commonplace-archives-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const haveUnzip = (() => {
  try {
    execFileSync('unzip', ['-v']);
    return true;
  } catch {
    return false;
  }
})();

const bytesOf = (text: string) => new TextEncoder().encode(text);
const NOON = Date.UTC(2026, 10, 22, 12, 30, 8);

async function zipped(files: Partial<ZipFile>[], options: { offset?: number } = {}): Promise<Uint8Array> {
  const zip = createZipStream(options);
  const parts: Uint8Array[] = [];
  for (const [at, file] of files.entries()) {
    for await (const part of zip.add({ name: `file-${at}`, modifiedAt: NOON, body: [], ...file })) parts.push(part);
  }
  parts.push(...zip.finish());
  return new Uint8Array(Buffer.concat(parts));
}

const names = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });

describe('an archive that is written as a stream', () => {
  it('is read back whole by another reader, whatever is in it', async () => {
    const files = fc.uniqueArray(fc.record({ name: names, body: fc.array(fc.uint8Array({ maxLength: 3000 })) }), {
      selector: ({ name }) => name,
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(files, async (given) => {
        const read = unzipSync(await zipped(given));
        // fflate sets the property "__proto__" as one.
        const known = given.filter(({ name }) => name !== '__proto__');
        for (const { name, body } of known) expect(Buffer.from(read[name] ?? [])).toEqual(Buffer.concat(body));
      }),
      { numRuns: 60 },
    );
  });

  it('says what it wrote', async () => {
    const zip = createZipStream();
    const add = zip.add({ name: 'a', modifiedAt: NOON, body: [bytesOf('ab'), bytesOf('c')] });
    let step = await add.next();
    while (!step.done) step = await add.next();
    expect(step.value).toEqual({
      name: 'a',
      size: 3,
      sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    });
  });

  it.skipIf(!haveUnzip)('satisfies unzip: text, nothing, much, and names in any script', async () => {
    const file = path.join(folder, 'plain.zip');
    const much = new Uint8Array(200_000).map((_, at) => at % 251);
    const contents = [
      { name: 'folder/größe 大きさ.txt', body: [bytesOf('text')] },
      { name: 'nothing' },
      { name: 'much', body: [much, much] },
    ];
    writeFileSync(file, await zipped(contents));
    expect(execFileSync('unzip', ['-t', file]).toString()).toContain('No errors detected');
    expect(execFileSync('unzip', ['-p', file, 'much']).equals(Buffer.concat([much, much]))).toBe(true);
    expect(execFileSync('zipinfo', ['-T', file]).toString()).toContain('20261122.123008');
  });

  it.skipIf(!haveUnzip)('uses ZIP64 for more files than 65,535', async () => {
    const file = path.join(folder, 'many.zip');
    writeFileSync(
      file,
      await zipped(Array.from({ length: 66_000 }, (_, at) => ({ name: `${at}`, body: [bytesOf('x')] }))),
    );
    expect(execFileSync('zipinfo', ['-h', file]).toString()).toContain('number of entries: 66000');
    expect(execFileSync('unzip', ['-p', file, '65999']).toString()).toBe('x');
  });

  it.skipIf(!haveUnzip)('uses ZIP64 for files that lie behind 4 GiB, or may be that long', async () => {
    const file = path.join(folder, 'large.zip');
    // A hole in the file stands for what would be there.
    const offset = 5 * 1024 ** 3;
    const archive = await zipped([{ name: 'far', body: [bytesOf('far away')], expectedBytes: 5e9 }, { name: 'next' }], {
      offset,
    });
    const handle = openSync(file, 'w');
    ftruncateSync(handle, offset);
    writeSync(handle, archive, 0, archive.byteLength, offset);
    closeSync(handle);
    expect(execFileSync('unzip', ['-p', file, 'far']).toString()).toBe('far away');
    expect(execFileSync('unzip', ['-t', file]).toString()).toContain('No errors detected');
  });

  it('asks for the next bytes only when they are wanted', async () => {
    let asked = 0;
    function* body() {
      for (;;) {
        asked += 1;
        yield new Uint8Array(1000);
      }
    }
    const add = createZipStream().add({ name: 'endless', modifiedAt: NOON, body: body() });
    for (let taken = 0; taken < 10; taken++) await add.next();
    expect(asked).toBeLessThanOrEqual(10);
    await add.return({ name: '', size: 0, sha256: '' });
  });
});

describe('a name in an archive', () => {
  it.each([
    ['report.pdf', 'report.pdf'],
    ['../../etc/passwd', '_.._etc_passwd'],
    ['..', 'file'],
    ['...hidden', 'hidden'],
    ['C:\\boot.ini', 'C__boot.ini'],
    ['con', '_con'],
    ['NUL.txt', '_NUL.txt'],
    ['com1 .log', '_com1 .log'],
    ['LPT¹', '_LPT¹'],
    ['console.log', 'console.log'],
    ['trailing. . ', 'trailing'],
    ['a<b>:"c|?*.txt', 'a_b___c___.txt'],
    ['gpj.\u202egnp', 'gpj._gnp'],
    ['line\nbreak\0', 'line_break_'],
    ['metadata.json', 'original-metadata.json'],
    ['Metadata.JSON', 'original-Metadata.JSON'],
    ['größe.txt', 'größe.txt'],
    ['\ud800', '\ufffd'],
    ['', 'file'],
  ])('%j becomes %j', (given, expected) => {
    expect(archiveName(given, new Set(['metadata.json']))).toBe(expected.normalize('NFC'));
  });

  it('keeps the end of a long one', () => {
    const name = archiveName(`${'long '.repeat(100)}.docx`);
    expect([...name].length).toBeLessThanOrEqual(120);
    expect(name).toMatch(/^long .*\.docx$/);
  });

  it('is always one that every system can unpack, in its folder', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (given) => {
        const name = archiveName(given, new Set(['text.txt']));
        expect(name).not.toBe('');
        expect(name).not.toMatch(/[/\\<>:"|?*\p{Cc}]|^[.\s]|[.\s]$|^text\.txt$/iu);
        expect(name.isWellFormed()).toBe(true);
        expect([...name].length).toBeLessThanOrEqual(140);
        expect(path.win32.basename(name)).toBe(name);
      }),
      { numRuns: 500 },
    );
  });
});

describe('one text of a JSON object, read in pieces', () => {
  async function read(json: string, { cut = 7, field = 'text' } = {}): Promise<string> {
    const bytes = bytesOf(json);
    async function* pieces() {
      for (let at = 0; at < bytes.length; at += cut) yield bytes.subarray(at, at + cut);
    }
    let text = '';
    for await (const piece of jsonTextField(pieces(), field)) text += piece;
    return text;
  }

  it('is what parsing all of it gives, whatever stands around it and wherever it is cut', async () => {
    const texts = fc.string({ unit: 'binary', maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(texts, fc.jsonValue(), { maxKeys: 4 }),
        texts,
        fc.jsonValue(),
        fc.integer({ min: 1, max: 9 }),
        async (before, text, after, cut) => {
          const { text: _, ...others } = before;
          const value = { ...others, nested: { text: 'not this' }, list: ['text'], text, after };
          expect(await read(JSON.stringify(value), { cut })).toBe(text);
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each([
    ['{}', ''],
    ['{"text":""}', ''],
    ['{ "a" : { "text" : "no" } , "text" : "yes" , "text2" : "no" }', 'yes'],
    ['{"te\\u0078t":"escaped name"}', 'escaped name'],
    ['{"b":"text","text":"\\"\\\\\\/\\b\\f\\n\\r\\t\\ud83d\\ude00"}', '"\\/\b\f\n\r\t😀'],
    ['{"list":["text",{"text":"no"}],"n":-1.5e3}', ''],
  ])('%s', async (json, expected) => {
    for (const cut of [1, 2, 1000]) expect(await read(json, { cut })).toBe(expected);
  });

  it('keeps up with large ones', async () => {
    const text = 'A line with a "quote" and ümlauts.\n'.repeat(60_000);
    const json = JSON.stringify({
      chunks: Array.from({ length: 20_000 }, (_, at) => ({ start: at, headings: ['x'] })),
      text,
    });
    expect(await read(json, { cut: 65_536 })).toBe(text);
  });
});
