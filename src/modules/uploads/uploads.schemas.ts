import { z } from '@hono/zod-openapi';
import { pageOf, pageQuery } from '../../http/pagination.ts';
import { TUS_VERSION } from '../../http/tus.ts';
import { timestamp } from '../library/library.schemas.ts';

export const TUS_EXTENSIONS = 'creation,creation-with-upload,checksum,expiration,termination';

/** Fits into the headers of an answer, where HEAD repeats it, for every client. */
const MAX_METADATA_CHARACTERS = 8_000;
const MAX_CHECKSUM_CHARACTERS = 100;

const version = z.literal(TUS_VERSION).openapi({ example: TUS_VERSION, description: 'Version of the protocol.' });
const bytes = (description: string, example: string) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'It must be a number of bytes.')
    .openapi({ description, example });
const checksum = z.string().max(MAX_CHECKSUM_CHARACTERS).optional().openapi({
  description: 'Of the bytes in this request: `sha1`, `sha256` or `crc32`, a space, and the digest in Base64.',
  example: 'sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=',
});

export const creationHeaders = z.object({
  'Tus-Resumable': version,
  'Upload-Length': bytes('Bytes of the whole file.', '1000').transform(Number),
  'Upload-Metadata': z
    .string()
    .max(MAX_METADATA_CHARACTERS)
    .default('')
    .openapi({
      description:
        'What the file is: keys, each with a value in Base64, separated by commas. `filename`, `filetype`, and the fields ' +
        'of the form that `POST /v1/documents` takes: `title`, `collectionId`, `tags`, `profile`, `metadata`, ' +
        '`onDuplicate`, `versionOf`.',
      example: 'filename bGVhc2UucGRm,tags UmVmZXJlbmNl',
    }),
  'Upload-Checksum': checksum,
});

export const appendHeaders = z.object({
  'Tus-Resumable': version,
  'Upload-Offset': bytes('Bytes that have arrived already, as HEAD tells them.', '0').transform(Number),
  'Upload-Checksum': checksum,
});

export const terminationHeaders = z.object({ 'Tus-Resumable': version });

export const overrideHeaders = z.object({
  'Tus-Resumable': version,
  'X-HTTP-Method-Override': z.enum(['DELETE', 'PATCH']).openapi({ description: 'What is meant.', example: 'DELETE' }),
  'Upload-Offset': appendHeaders.shape['Upload-Offset'].optional(),
  'Upload-Checksum': checksum,
});

/** Also for those who do not speak the protocol, and just look. */
export const readingHeaders = z.object({ 'Tus-Resumable': version.optional() });

export const listUploadsQuery = pageQuery(['createdAt']);

export const uploadSchema = z
  .object({
    id: z.uuid(),
    status: z.enum(['receiving', 'completing', 'complete', 'expired']).openapi({
      description: '`completing`: all bytes have arrived, and the document is being made.',
    }),
    filename: z.string(),
    mediaType: z.string(),
    sizeBytes: z.number().int(),
    receivedBytes: z.number().int().openapi({ description: 'Those that are safe: an upload goes on behind them.' }),
    documentId: z.uuid().nullable().openapi({ description: 'The document that it became.' }),
    createdAt: timestamp,
    updatedAt: timestamp,
    expiresAt: timestamp.openapi({ description: 'When it is discarded if it is not finished by then.' }),
  })
  .openapi('Upload');

export const uploadPageSchema = pageOf(uploadSchema, 'UploadPage');

const offset = z.string().openapi({ description: 'Bytes that have arrived.', example: '1000' });
const expires = z
  .string()
  .optional()
  .openapi({ description: 'When it is discarded.', example: 'Fri, 27 Nov 2026 09:30:00 GMT' });
const link = z
  .string()
  .optional()
  .openapi({ description: 'The document that it has become.', example: '</v1/documents/…>; rel="related"' });

/** Of an answer to bytes. */
export const progressAnswer = z.object({ 'Upload-Offset': offset, 'Upload-Expires': expires, Link: link });
/** Of a 201. */
export const creationAnswer = progressAnswer.extend({ Location: z.string().openapi({ description: 'Where it is.' }) });
/** Of GET and HEAD. */
export const uploadAnswer = progressAnswer.extend({
  'Upload-Length': z.string().openapi({ description: 'Bytes of the whole file.', example: '1000' }),
  'Upload-Metadata': z.string().optional().openapi({ description: 'As it was given.' }),
});
/** Of OPTIONS. */
export const discoveryAnswer = z.object({
  'Tus-Version': z.string().openapi({ example: TUS_VERSION }),
  'Tus-Extension': z.string().openapi({ example: TUS_EXTENSIONS }),
  'Tus-Max-Size': z.string().openapi({ description: 'Bytes that a file may have.', example: '1073741824' }),
  'Tus-Checksum-Algorithm': z.string().openapi({ example: 'sha1,sha256,crc32' }),
});
