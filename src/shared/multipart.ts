import { Readable } from 'node:stream';
import { Busboy, Dicer } from '@fastify/busboy';

/** The file of an upload as it arrives. It must be read to its end. The media type is as declared, with its charset. */
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

/** A form as it arrives. */
export type Form = {
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
  const fields = new Map<string, string>();
  let handled: Promise<T> | undefined;
  const source = Readable.from(body, { objectMode: false });
  try {
    const parser = createParser(contentType);
    const charset = charsetOfParts(parser);
    await new Promise<void>((resolve, reject) => {
      const refuse = (field: string, message: string) => reject(new AmbiguousFormError(field, message));
      // Typed as a string, but absent where the part has no name.
      parser.on('field', (name: string | undefined, value, _nameIsCut, valueIsCut) => {
        if (name === undefined) return refuse('', 'A part of the form has no name.');
        const earlier = fields.get(name);
        if (valueIsCut) refuse(name, 'It is too long.');
        if (earlier !== undefined && !lists.includes(name)) refuse(name, 'It is given twice.');
        fields.set(name, earlier === undefined ? value : `${earlier},${value}`);
      });
      parser.on('file', (name: string | undefined, stream, filename, _encoding, mediaType) => {
        if (name !== 'file' || handled) {
          stream.resume();
          refuse(name ?? '', 'Send one file, in the field `file`.');
          return;
        }
        handled = onFile({ filename: filename ?? '', mediaType: mediaType + charset.ofLatest, body: stream });
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
    return { fields: Object.fromEntries(fields), file: await handled };
  } catch (error) {
    source.destroy();
    // The bytes that are being stored must have come to rest before anybody removes them.
    await handled?.catch(() => undefined);
    throw error;
  }
}

export function createParser(contentType: string, limits: Partial<typeof LIMITS> = {}) {
  try {
    return new Busboy({ headers: { 'content-type': contentType }, limits: { ...LIMITS, ...limits } });
  } catch (error) {
    throw broken(error);
  }
}

const CHARSET = /;\s*charset\s*=\s*"?([\w.:-]{1,40})/i;

/**
 * Busboy tells a file's media type without its parameters: only the parser of parts inside it sees them. It is asked
 * when it has found a part's header, before Busboy is.
 */
export function charsetOfParts(busboy: unknown): { ofLatest: string } {
  const charset = { ofLatest: '' };
  const form: unknown = Reflect.get(Object(busboy), '_parser');
  const parts: unknown = Reflect.get(Object(form), 'parser');
  if (!(parts instanceof Dicer)) throw new Error('This version of Busboy keeps its parser of parts elsewhere.');
  parts.on('part', (part) => {
    part.prependListener('header', (header) => {
      const [, label] = CHARSET.exec(contentTypeIn(header)) ?? [];
      charset.ofLatest = label === undefined ? '' : `; charset=${label}`;
    });
  });
  return charset;
}

const contentTypeIn = (header: object): string =>
  'content-type' in header ? String([header['content-type']].flat()[0]) : '';

export const broken = (cause: unknown) =>
  new BrokenMultipartError('The body ended early or is not multipart/form-data.', { cause });
