import type { Readable } from 'node:stream';
import { AmbiguousFormError, broken, charsetOfParts, createParser, type Form, type IncomingFile } from './multipart.ts';

/** The most files that one form may hold. */
export const MAX_FILES = 1000;
/** Bytes that the parser gets at a time: of a larger piece, hundreds of small files would begin at once. */
const PIECE_BYTES = 8 * 1024;
/** Files that are being handled at a time; the next are waited with. */
const MAX_IN_HAND = 8;

/**
 * Reads a multipart/form-data body with any number of files named `file`, each handed to `onFile` as a stream while those
 * behind it are still to come.
 * @returns the text fields (several values of a list joined by commas), and what `onFile` gave, in the order of the files.
 * @throws BrokenMultipartError, AmbiguousFormError; what `onFile` throws.
 */
export async function readManyFiles<T>(
  form: Form & { maxFiles: number },
  onFile: (file: IncomingFile) => Promise<T>,
): Promise<{ fields: Record<string, string>; files: T[] }> {
  const { body, contentType, lists, maxFiles } = form;
  const parser = createParser(contentType, { files: maxFiles + 1, parts: maxFiles + 60 });
  const charset = charsetOfParts(parser);
  const fields = new Map<string, string>();
  const handled: Promise<T>[] = [];
  const inHand = new Map<Promise<unknown>, Readable>();
  const refused = Promise.withResolvers<void>();
  let refusal: unknown;
  const refuse = (error: unknown) => {
    refusal ??= error;
    refused.resolve();
  };

  // Typed as a string, but absent where the part has no name.
  parser.on('field', (name: string | undefined, value, _nameIsCut, valueIsCut) => {
    const earlier = fields.get(name ?? '');
    if (name === undefined) return refuse(new AmbiguousFormError('', 'A part of the form has no name.'));
    if (valueIsCut) refuse(new AmbiguousFormError(name, 'It is too long.'));
    if (earlier !== undefined && !lists.includes(name)) refuse(new AmbiguousFormError(name, 'It is given twice.'));
    fields.set(name, earlier === undefined ? value : `${earlier},${value}`);
  });
  parser.on('file', (name: string | undefined, stream, filename, _encoding, mediaType) => {
    if (name !== 'file' || handled.length >= maxFiles) {
      stream.resume();
      const limit = `Send at most ${maxFiles} files, in fields named \`file\`.`;
      return refuse(new AmbiguousFormError(name ?? '', limit));
    }
    stream.on('error', (error) => refuse(broken(error)));
    const work = onFile({ filename: filename ?? '', mediaType: mediaType + charset.ofLatest, body: stream });
    handled.push(work);
    const settled = work.catch(refuse).finally(() => inHand.delete(settled));
    inHand.set(settled, stream);
  });
  for (const limit of ['partsLimit', 'filesLimit', 'fieldsLimit']) {
    parser.on(limit, () => refuse(new AmbiguousFormError('file', 'The form has too many parts.')));
  }
  parser.on('error', (error) => refuse(broken(error)));
  const finished = new Promise<void>((resolve) => parser.on('finish', resolve));
  const unlessRefused = async (work: Promise<unknown>) => {
    await Promise.race([work, refused.promise]);
    if (refusal !== undefined) throw refusal;
  };

  try {
    for await (const piece of piecesOf(body)) {
      await unlessRefused(new Promise((resolve) => parser.write(piece, resolve)));
      while (inHand.size > MAX_IN_HAND) await unlessRefused(Promise.race(inHand.keys()));
    }
    parser.end();
    await unlessRefused(finished);
    await unlessRefused(Promise.all(inHand.keys()));
    return { fields: Object.fromEntries(fields), files: await Promise.all(handled) };
  } catch (error) {
    for (const stream of inHand.values()) stream.destroy(new Error('The form is not read any further.'));
    // The bytes that are being stored must have come to rest before anybody removes them.
    await Promise.all(inHand.keys());
    throw refusal ?? error;
  }
}

async function* piecesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    for await (const bytes of body) {
      for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
    }
  } catch (error) {
    throw broken(error);
  }
}
