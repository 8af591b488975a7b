import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AmbiguousFormError, BrokenMultipartError, type IncomingFile } from '../../src/shared/multipart.ts';
import { readManyFiles } from '../../src/shared/multipart-files.ts';

const contentType = 'multipart/form-data; boundary=b';

function form(files: string[], fields: Record<string, string> = {}): Uint8Array {
  const parts = [
    ...files.map((content, i) => `Content-Disposition: form-data; name="file"; filename="${i}.txt"\r\n\r\n${content}`),
    ...Object.entries(fields).map(([name, value]) => `Content-Disposition: form-data; name="${name}"\r\n\r\n${value}`),
  ];
  return new TextEncoder().encode(`${parts.map((part) => `--b\r\n${part}\r\n`).join('')}--b--\r\n`);
}

const streamOf = (bytes: Uint8Array): ReadableStream<Uint8Array> => new Blob([bytes.slice()]).stream();

const read = <T>(body: ReadableStream<Uint8Array>, onFile: (file: IncomingFile) => Promise<T>, maxFiles = 100) =>
  readManyFiles({ body, contentType, lists: ['tags'], maxFiles }, onFile);

async function textOf({ body }: IncomingFile): Promise<string> {
  let text = '';
  for await (const bytes of body) text += new TextDecoder().decode(bytes);
  return text;
}

describe('a form with many files', () => {
  it('hands them on in order, few at a time, with its fields', async () => {
    const contents = Array.from({ length: 60 }, (_, i) => `${i} `.repeat(i % 7 === 0 ? 20_000 : 20));
    let inHand = 0;
    let most = 0;
    const { fields, files } = await read(streamOf(form(contents, { tags: 'a,b' })), async (file) => {
      inHand += 1;
      most = Math.max(most, inHand);
      const text = await textOf(file);
      await sleep(Number(text.slice(0, 1)) % 3);
      inHand -= 1;
      return text;
    });
    expect(files).toEqual(contents);
    expect(fields).toEqual({ tags: 'a,b' });
    expect(most).toBeLessThan(60);
  });

  it('of which there are too many is refused', async () => {
    await expect(read(streamOf(form(['a', 'b', 'c'])), textOf, 2)).rejects.toThrow(AmbiguousFormError);
    await expect(read(streamOf(form(['a', 'b'])), textOf, 2)).resolves.toMatchObject({ files: ['a', 'b'] });
  });

  it('ends with the failure of the first that cannot be stored, when all others have come to rest', async () => {
    let resting = 0;
    const storing = read(streamOf(form(Array.from({ length: 40 }, () => 'x'.repeat(9_000)))), async (file) => {
      if (resting === 3) throw new Error('The store is full.');
      try {
        return await textOf(file);
      } finally {
        resting += 1;
      }
    });
    await expect(storing).rejects.toThrow('The store is full.');
  });

  it('that breaks off anywhere is broken, and nobody waits for the rest', async () => {
    const whole = form(['one', 'two '.repeat(3_000), 'three'], { tags: 'a' });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: whole.length - 5 }), async (length) => {
        const outcome = await read(streamOf(whole.slice(0, length)), textOf).catch((error: unknown) => error);
        expect(outcome, `cut at ${length}`).toBeInstanceOf(BrokenMultipartError);
      }),
      { numRuns: 60 },
    );
  });

  it('whose sender goes away is broken', async () => {
    const bytes = form(['x'.repeat(50_000)]);
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(bytes.subarray(0, 20_000));
        controller.error(new Error('gone'));
      },
    });
    await expect(read(body, textOf)).rejects.toThrow(BrokenMultipartError);
  });
});
