import { z } from '@hono/zod-openapi';
import { pageOf, pageQuery } from '../../http/pagination.ts';
import { PROFILES } from '../ingestion/chunking.ts';
import { jobSchema } from '../ingestion/ingestion.schemas.ts';
import { PROFILE_CHOOSERS } from '../ingestion/profile-proposal.ts';
import { line, timestamp, versionInBody } from './library.schemas.ts';
import { DOCUMENT_STATUSES, metadataSchema } from './library.table.ts';

const MAX_METADATA_CHARACTERS = 20_000;
const MAX_TAGS = 50;

const title = line(300).openapi({ example: 'Lease for the flat' });
const tagNames = z
  .array(line(100))
  .max(MAX_TAGS)
  .openapi({ example: ['Reference', 'Ideas'] });
const profile = z.enum(PROFILES).openapi({ description: 'How the document is read: how it is cut into passages.' });
const profileProposal = z
  .object({
    profile: z.enum(PROFILES),
    confidence: z.number().openapi({ description: 'From 0 to 1. The rules follow their proposal from 0.8 on.' }),
    reasons: z.array(z.string()).openapi({ example: ['It names its parties.', 'It has numbered clauses.'] }),
  })
  .openapi('ProfileProposal');
const metadata = metadataSchema
  .refine((value) => JSON.stringify(value).length <= MAX_METADATA_CHARACTERS, 'It is longer than 20,000 characters.')
  .openapi({ type: 'object', example: { source: 'scanner' } });

export const documentSchema = z
  .object({
    id: z.uuid(),
    title: z.string(),
    filename: z.string(),
    mediaType: z.string(),
    kind: z.string().nullable().openapi({ description: 'What the bytes are; null until they have been read.' }),
    profile: z.string(),
    profileChosenBy: z.enum(PROFILE_CHOOSERS).openapi({ description: 'Who chose the profile: you, or the rules.' }),
    profileProposal: profileProposal
      .nullable()
      .openapi({ description: 'What the rules made of the file; null until it has been read.' }),
    status: z.enum(DOCUMENT_STATUSES),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    language: z.string().nullable(),
    sizeBytes: z.number().int(),
    sha256: z.string(),
    contentVersion: z.number().int(),
    parentDocumentId: z.uuid().nullable().openapi({ description: 'The mail, mailbox or archive that it came out of.' }),
    pageCount: z.number().int().nullable(),
    chunkCount: z.number().int(),
    tags: z.array(z.string()),
    collectionIds: z.array(z.uuid()),
    metadata: z.record(z.string(), z.unknown()),
    extractedMetadata: z.record(z.string(), z.unknown()).openapi({ description: 'What the file says about itself.' }),
    version: z.number().int(),
    createdAt: timestamp,
    updatedAt: timestamp,
    deletedAt: timestamp.nullable(),
  })
  .openapi('Document');

export const acceptedSchema = z.object({ document: documentSchema, job: jobSchema }).openapi('AcceptedDocument');
export const documentPageSchema = pageOf(documentSchema, 'DocumentPage');

export const listDocumentsQuery = pageQuery(['createdAt', 'updatedAt', 'title', 'sizeBytes']).extend({
  status: z.enum(DOCUMENT_STATUSES).optional(),
  kind: z.string().max(40).optional().openapi({ example: 'pdf' }),
  profile: profile.optional(),
  q: line(200).optional().openapi({ description: 'Part of the title.' }),
  tag: line(100).optional().openapi({ description: 'Name of a tag.' }),
  collectionId: z.uuid().optional(),
  parentDocumentId: z.uuid().optional().openapi({ description: 'What came out of this document.' }),
  from: z.iso.datetime({ offset: true }).optional().openapi({ description: 'Created at or after.' }),
  to: z.iso.datetime({ offset: true }).optional().openapi({ description: 'Created at or before.' }),
  trashed: z.enum(['true', 'false']).default('false').openapi({ description: 'List the trash instead.' }),
});

export const removeDocumentQuery = z.object({
  permanent: z.enum(['true', 'false']).default('false'),
  children: z.enum(['true', 'false']).optional().openapi({
    description: 'Whether all that came out of it goes along (`true`), or nothing. Default: attachments do, of mails.',
  }),
});

export const changeDocumentBody = z
  .object({
    title: title.optional(),
    profile: profile
      .nullable()
      .optional()
      .openapi({ description: 'The document is read anew as this; with null, as the rules choose.' }),
    tags: tagNames.optional(),
    metadata: metadata.optional(),
    version: versionInBody,
  })
  .strict()
  .openapi('DocumentChanges');

const jsonText = <T extends z.ZodType>(schema: T) =>
  z
    .string()
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        context.addIssue({ code: 'custom', message: 'It is not valid JSON.' });
        return z.NEVER;
      }
    })
    .pipe(schema);

/** What becomes of a file whose bytes somebody has already. */
export const ON_DUPLICATE = ['ask', 'keep', 'skip', 'version'] as const;

/** The text fields of an upload's form. Tags come as a JSON array or separated by commas. */
export const uploadFieldsSchema = z.strictObject({
  title: title.optional(),
  collectionId: z.uuid().optional(),
  profile: profile.optional(),
  onDuplicate: z.enum(ON_DUPLICATE).optional(),
  versionOf: z.uuid().optional(),
  metadata: jsonText(metadata).default({}),
  tags: z
    .string()
    .transform((text) => (text.trimStart().startsWith('[') ? text : JSON.stringify(splitTags(text))))
    .pipe(jsonText(tagNames))
    .default([]),
});

export type UploadFields = z.output<typeof uploadFieldsSchema>;

const splitTags = (text: string) =>
  text
    .split(',')
    .map((tag) => tag.trim())
    .filter(Boolean);

export const textQuery = z.object({
  start: z.coerce.number().int().min(0).default(0).openapi({ description: 'First character, from 0.' }),
  end: z.coerce.number().int().min(0).optional().openapi({ description: 'Character after the last.' }),
});

export const documentTextSchema = z
  .object({
    documentId: z.uuid(),
    text: z.string(),
    start: z.number().int(),
    end: z.number().int(),
    length: z.number().int().openapi({ description: 'Characters (UTF-16 code units) of the whole text.' }),
    extractor: z.string(),
  })
  .openapi('DocumentText');

export const chunkSchema = z
  .object({
    id: z.string().openapi({ example: '0199c0de-0000-7000-8000-000000000000#0' }),
    ordinal: z.number().int(),
    text: z.string(),
    start: z.number().int(),
    end: z.number().int(),
    page: z.number().int().nullable(),
    headings: z.array(z.string()),
    header: z
      .string()
      .optional()
      .openapi({ description: 'Names of the columns, where the passage is the middle of a table.' }),
    time: z
      .object({ startMs: z.number(), endMs: z.number() })
      .optional()
      .openapi({ description: 'When it is heard, in recordings and subtitles.' }),
  })
  .openapi('Chunk');

export const chunkPageSchema = pageOf(chunkSchema, 'ChunkPage');
export const chunksQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(2000).optional(),
});

const fileProperty = {
  type: 'string' as const,
  format: 'binary',
  description:
    'PDF, Office (.docx, .pptx, .xlsx), OpenDocument (.odt, .odp, .ods), CSV, Rich Text, EPUB, HTML (also saved pages), Markdown, Jupyter notebooks, JSON, source code, subtitles (.srt, .vtt), e-mail (.eml, .msg, .mbox) or plain text in any common encoding; pictures, sound and films; a ZIP archive of such files.',
};

/** How an upload's form looks in the API's description; the body itself is streamed, never validated as a whole. */
export const uploadFormSchema = {
  type: 'object' as const,
  required: ['file'],
  properties: {
    file: fileProperty,
    title: { type: 'string' as const, maxLength: 300 },
    collectionId: { type: 'string' as const, format: 'uuid' },
    tags: { type: 'string' as const, description: 'Names, separated by commas or as a JSON array.' },
    profile: {
      type: 'string' as const,
      enum: [...PROFILES],
      description: 'How it is read. Without it, rules choose by what the file is and says.',
    },
    metadata: { type: 'string' as const, description: 'A JSON object.' },
    onDuplicate: {
      type: 'string' as const,
      enum: [...ON_DUPLICATE],
      default: 'ask',
      description:
        'What becomes of a file whose bytes you have already. `ask`: it is accepted, and the answer names the others. ' +
        '`keep`: it is accepted. `skip`: nothing is made, and the answer is the document that has them. `version`: it ' +
        'becomes a version of that document, or of `versionOf`.',
    },
    versionOf: {
      type: 'string' as const,
      format: 'uuid',
      description: 'Id of the document whose new version the file is, whatever its bytes are.',
    },
  },
};

export const replacementFormSchema = {
  type: 'object' as const,
  required: ['file'],
  properties: { file: fileProperty },
};
