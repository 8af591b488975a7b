import { z } from '@hono/zod-openapi';
import { pageOf, pageQuery } from '../../http/pagination.ts';
import { MAX_FILES } from '../../shared/multipart-files.ts';
import { jobSchema } from '../ingestion/ingestion.schemas.ts';
import { uploadFieldsSchema, uploadFormSchema } from './documents.schemas.ts';
import { timestamp } from './library.schemas.ts';
import { DOCUMENT_STATUSES } from './library.table.ts';

/** The text fields of a batch's form, which are for all of its files. */
export const batchFieldsSchema = uploadFieldsSchema.omit({ title: true });

export type BatchFields = z.output<typeof batchFieldsSchema>;

const { title: _, file, ...sharedFields } = uploadFormSchema.properties;

/** How the form looks in the API's description. */
export const batchFormSchema = {
  type: 'object' as const,
  required: ['file'],
  properties: {
    file: {
      type: 'array' as const,
      items: file,
      maxItems: MAX_FILES,
      description: 'One part for each file. A ZIP archive stands for the files in it.',
    },
    ...sharedFields,
  },
};

export const acceptedBatchSchema = z.object({ job: jobSchema }).openapi('AcceptedBatch');

export const batchItemSchema = z
  .object({
    jobId: z.uuid(),
    type: jobSchema.shape.type,
    documentId: z.uuid().nullable().openapi({ description: 'Null for a file that was not taken in.' }),
    resourceId: z
      .uuid()
      .nullable()
      .openapi({ description: 'What is fetched from the web; its document is an item too.' }),
    parentDocumentId: z.uuid().nullable().openapi({ description: 'The mail, mailbox or archive that it came out of.' }),
    filename: z.string().nullable().openapi({ description: 'Of what is fetched: its address.' }),
    status: jobSchema.shape.status,
    documentStatus: z.enum(DOCUMENT_STATUSES).nullable().openapi({ description: 'Null when it is gone.' }),
    progressPercentage: z.number().min(0).max(100),
    attempts: z.number().int(),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    createdAt: timestamp,
    finishedAt: timestamp.nullable(),
  })
  .openapi('BatchItem');

export const batchItemPageSchema = pageOf(batchItemSchema, 'BatchItemPage');

export const listItemsQuery = pageQuery(['createdAt']).extend({
  order: z.enum(['asc', 'desc']).default('asc').openapi({ example: 'asc' }),
  status: jobSchema.shape.status.optional(),
});
