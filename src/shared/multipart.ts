import { Readable } from 'node:stream';
import { Busboy } from '@fastify/busboy';

/** The file of an upload as it arrives. It must be read to its end. */
export type IncomingFile = { filename: string; mediaType: string; body: AsyncIterable<Uint8Array> };

export class BrokenMultipartError extends Error {
  override readonly name = 'BrokenMultipartError';
}

/** More than the form's fields could honestly need. */
const LIMITS = { fields: 50, fieldSize: 256 * 1024, fieldNameSize: 100, files: 1, parts: 60, headerPairs: 50 };

/**
 * Reads a multipart/form-data body without holding its file in memory: `onFile` gets the file named `file` as a stream,
 * while later fields are still to come.
 * @returns the text fields (the last value of each name), and what `onFile` gave, if a file came.
 * @throws BrokenMultipartError when the body is cut short or not multipart; what `onFile` throws.
 */
export async function readMultipart<T>(
  { body, contentType }: { body: ReadableStream<Uint8Array>; contentType: string },
  onFile: (file: IncomingFile) => Promise<T>,
): Promise<{ fields: Record<string, string>; file: T | undefined }> {
  const fields: Record<string, string> = {};
  let handled: Promise<T> | undefined;
  const source = Readable.from(body, { objectMode: false });
  try {
    await new Promise<void>((resolve, reject) => {
      const parser = new Busboy({ headers: { 'content-type': contentType }, limits: LIMITS });
      parser.on('field', (name, value) => {
        fields[name] = value;
      });
      parser.on('file', (name, stream, filename, _encoding, mediaType) => {
        if (name !== 'file' || handled) {
          stream.resume();
          return;
        }
        handled = onFile({ filename: filename ?? '', mediaType, body: stream });
        handled.catch(reject);
      });
      parser.on('finish', resolve);
      parser.on('error', (error) => reject(broken(error)));
      source.on('error', (error) => reject(broken(error)));
      source.pipe(parser);
    });
    return { fields, file: await handled };
  } catch (error) {
    source.destroy();
    throw error;
  }
}

const broken = (cause: unknown) =>
  new BrokenMultipartError('The body ended early or is not multipart/form-data.', { cause });
