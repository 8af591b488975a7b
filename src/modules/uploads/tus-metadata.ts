import { invalidField } from '../../shared/app-error.ts';
import { safeFilename, safeMediaType } from '../library/filenames.ts';

/** A file as its sender names it, and the fields that a form would have beside it. */
export type DescribedFile = { filename: string; mediaType: string; fields: Record<string, string> };

const KEY = /^[\x21-\x2b\x2d-\x7e]{1,100}$/;
/** Clients send the bytes in between as they are: standard Base64, whole groups of four. */
const BASE64 = /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/;
/** What common clients add to every upload, under names of their own. */
const OF_CLIENTS = ['name', 'type', 'relativePath'];

const refuse = (message: string) => invalidField('Upload-Metadata', message);

/**
 * The pairs in the header `Upload-Metadata` (tus 1.0.0, Creation): `filename bGVhc2UucGRm,tags UmVmZXJlbmNl`.
 * @throws AppError invalid_fields
 */
export function parseTusMetadata(header: string): Record<string, string> {
  if (header.trim() === '') return {};
  const pairs = header.split(',').map((pair): [string, string] => {
    const [key = '', value = '', ...rest] = pair.trim().split(' ');
    if (!KEY.test(key) || rest.length > 0) throw refuse('Write it as `key base64,key base64`.');
    return [key, decoded(key, value)];
  });
  const keys = new Set(pairs.map(([key]) => key));
  if (keys.size < pairs.length) throw refuse('A key is given twice.');
  return Object.fromEntries(pairs);
}

function decoded(key: string, value: string): string {
  if (!BASE64.test(value)) throw refuse(`The value of ${key} is not Base64.`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(Buffer.from(value, 'base64'));
  } catch {
    throw refuse(`The value of ${key} is not UTF-8.`);
  }
}

/** What the header says of the file: `filename`, `filetype`, and the rest as fields of a form. @throws as above */
export function describedFile(header: string): DescribedFile {
  const { filename, filetype, ...others } = parseTusMetadata(header);
  const fields = Object.entries(others).filter(([name]) => !OF_CLIENTS.includes(name));
  return {
    filename: safeFilename(filename ?? others['name'] ?? ''),
    mediaType: safeMediaType(filetype ?? others['type'] ?? ''),
    fields: Object.fromEntries(fields),
  };
}
