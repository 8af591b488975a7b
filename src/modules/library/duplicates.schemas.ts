import { z } from '@hono/zod-openapi';
import { jobSchema } from '../ingestion/ingestion.schemas.ts';
import { documentSchema } from './documents.schemas.ts';
import { timestamp } from './library.schemas.ts';

export const duplicateSchema = z
  .object({
    documentId: z.uuid(),
    title: z.string(),
    filename: z.string(),
    createdAt: timestamp,
    kind: z.enum(['exact', 'near-text', 'image', 'audio']),
    similarity: z.number().min(0).max(1).openapi({ example: 0.87 }),
    explanation: z.string().openapi({
      example: 'Of all runs of three words in the two texts, about 87 % stand in both.',
    }),
  })
  .openapi('Duplicate');

export const duplicatesSchema = z.object({ items: z.array(duplicateSchema) }).openapi('Duplicates');

const requestSchema = z.object({ method: z.enum(['DELETE', 'PUT']), href: z.string() });

export const sameBytesSchema = z
  .object({
    documentId: z.uuid(),
    title: z.string(),
    filename: z.string(),
    createdAt: timestamp,
    resolve: z.object({ skip: requestSchema, version: requestSchema }).openapi({
      description:
        'What to send if the new document is not wanted beside this one: `skip` deletes the new one; `version` takes ' +
        'the file as a version of this one. To keep both, send nothing.',
    }),
  })
  .openapi('SameBytes');

const duplicates = z.array(sameBytesSchema).openapi({
  description: 'Documents that have the same bytes already, oldest first, twenty at most; empty if nothing was asked.',
});

export const acceptedUploadSchema = z
  .object({ document: documentSchema, job: jobSchema, duplicates })
  .openapi('AcceptedUpload');

export const skippedUploadSchema = z
  .object({ document: documentSchema, job: z.null(), duplicates })
  .openapi('SkippedUpload');
