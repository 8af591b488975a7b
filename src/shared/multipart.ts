import { Readable } from 'node:stream';
import { Busboy } from '@fastify/busboy';

/** The file of an upload as it arrives. It must be read to its end. */
export type IncomingFile = { filename: string; mediaType: string; body: AsyncIterable<Uint8Array> };

/** The body is cut short or is not multipart/form-data. */
export class BrokenMultipartError extends Error {
  override readonly name = 'BrokenMultipartError';
}

/** The form is well-formed, but says something twice or too much; nothing of it is guessed. */
export class AmbiguousFormError extends Error {
  override readonly name = 'AmbiguousFormError';
  readonly field: string;

  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}

/** More than the form's fields could honestly need. */
const LIMITS = { fields: 50, fieldSize: 256 * 1024, fieldNameSize: 100, files: 2, parts: 60, headerPairs: 50 };

type Form = {
  body: ReadableStream<Uint8Array>;
  contentType: string /** Fields that may be sent several times. */;
  lists: string[];
};

/**
 * Reads a multipart/form-data body without holding its file in memory: `onFile` gets the file named `file` as a stream,
 * while later fields are still to come.
 * @returns the text fields (several values of a list joined by commas), and what `onFile` gave, if a file came.
 * @throws BrokenMultipartError, AmbiguousFormError; what `onFile` throws.
 */
export async function readMultipart<T>(
  { body, contentType, lists }: Form,
  onFile: (file: IncomingFile) => Promise<T>,
): Promise<{ fields: Record<string, string>; file: T | undefined }> {
  const fields: Record<string, string> = {};
  let handled: Promise<T> | undefined;
  const source = Readable.from(body, { objectMode: false });
  try {
    const parser = createParser(contentType);
    await new Promise<void>((resolve, reject) => {
      const refuse = (field: string, message: string) => reject(new AmbiguousFormError(field, message));
      parser.on('field', (name, value, _nameIsCut, valueIsCut) => {
        const earlier = fields[name];
        if (valueIsCut) refuse(name, 'It is too long.');
        if (earlier !== undefined && !lists.includes(name)) refuse(name, 'It is given twice.');
        fields[name] = earlier === undefined ? value : `${earlier},${value}`;
      });
      parser.on('file', (name, stream, filename, _encoding, mediaType) => {
        if (name !== 'file' || handled) {
          stream.resume();
          refuse(name, 'Send one file, in the field `file`.');
          return;
        }
        handled = onFile({ filename: filename ?? '', mediaType, body: stream });
        handled.catch(reject);
      });
      for (const limit of ['partsLimit', 'filesLimit', 'fieldsLimit']) {
        parser.on(limit, () => refuse('file', 'The form has too many parts.'));
      }
      parser.on('finish', resolve);
      parser.on('error', (error) => reject(broken(error)));
      source.on('error', (error) => reject(broken(error)));
      source.pipe(parser);
    });
    return { fields, file: await handled };
  } catch (error) {
    source.destroy();
    // The bytes that are being stored must have come to rest before anybody removes them.
    await handled?.catch(() => undefined);
    throw error;
  }
}

function createParser(contentType: string) {
  try {
    return new Busboy({ headers: { 'content-type': contentType }, limits: LIMITS });
  } catch (error) {
    throw broken(error);
  }
}

const broken = (cause: unknown) =>
  new BrokenMultipartError('The body ended early or is not multipart/form-data.', { cause });
