import { z } from '@hono/zod-openapi';
import { pageOf, pageQuery } from '../../http/pagination.ts';
import { PROFILES } from '../ingestion/chunking.ts';
import { jobSchema } from '../ingestion/ingestion.schemas.ts';
import { changesSomething, line, timestamp, versionInBody } from '../library/library.schemas.ts';
import { QUALITY_CODES } from './quality.ts';
import { RESOURCE_STATUSES, RESOURCE_TYPES } from './resources.table.ts';

const MAX_TAGS = 50;
const MAX_CHECK_HOURS = 8760;

const url = line(2_000).openapi({ example: 'https://example.com/articles/spaced-repetition' });
const title = line(300).openapi({ example: 'Spaced repetition' });
const tags = z
  .array(line(100))
  .max(MAX_TAGS)
  .openapi({ example: ['Reference'] });
const profile = z
  .enum(PROFILES)
  .nullable()
  .openapi({ description: 'How its document is read; null, as by default, as rules propose.', example: 'general' });
const collectionId = z.uuid().openapi({ description: 'Where its document is filed; of a feed, those of its entries.' });
const autoAccept = z.boolean().openapi({
  description: 'Of a feed: whether what it names is fetched without being asked, 25 entries at a time at most.',
  example: false,
});
const checkEveryHours = z.number().int().min(1).max(MAX_CHECK_HOURS).nullable().openapi({
  description: 'How often it is looked at again; null: only when you ask. Feeds are looked at every hour by default.',
  example: 24,
});

const filing = { title: title.optional(), tags: tags.optional(), profile: profile.optional() };

export const addResourceBody = z
  .object({
    url,
    type: z.enum(['page', 'feed']).optional().openapi({
      description: 'A feed must be one; a page is kept even if it is one. By default the content decides.',
    }),
    ...filing,
    collectionId: collectionId.optional(),
    autoAccept: autoAccept.optional(),
    checkEveryHours: checkEveryHours.optional(),
  })
  .strict()
  .openapi('NewResource');

/** The most addresses in one batch. */
const MAX_URLS = 1000;

export const addResourcesBody = z
  .object({
    urls: z
      .array(url)
      .min(1)
      .max(MAX_URLS)
      .openapi({ example: ['https://example.com/articles/spaced-repetition'] }),
    tags: tags.optional(),
    profile: profile.optional(),
    collectionId: collectionId.optional(),
  })
  .strict()
  .openapi('NewResources');

export const changeResourceBody = z
  .object({
    ...filing,
    collectionId: collectionId.nullable().optional(),
    autoAccept: autoAccept.optional(),
    checkEveryHours: checkEveryHours.optional(),
    version: versionInBody,
  })
  .strict()
  .refine(changesSomething, 'Give at least one field to change.')
  .openapi('ResourceChanges');

const qualitySchema = z
  .object({
    score: z.number().int().min(0).max(100).openapi({ example: 84 }),
    reasons: z.array(
      z.object({
        code: z.enum(QUALITY_CODES),
        points: z.number(),
        of: z.number(),
        detail: z.string().openapi({ example: 'It names its author.' }),
      }),
    ),
  })
  .openapi('ResourceQuality');

export const resourceSchema = z
  .object({
    id: z.uuid(),
    type: z.enum(RESOURCE_TYPES).nullable().openapi({ description: 'Null until it has been fetched.' }),
    status: z.enum(RESOURCE_STATUSES).openapi({
      description:
        '`discovered`: a feed names it and nobody has decided; `pending`: it is being fetched; `ready`: there is a ' +
        'document of it, or a feed has been read; `failed`: `error` says why; `dismissed`: nobody wants it.',
    }),
    url: z.string().openapi({ description: 'Normalised: without fragment and parameters that only track.' }),
    finalUrl: z.string().nullable().openapi({ description: 'Where redirects have led.' }),
    canonicalUrl: z.string().nullable().openapi({ description: 'Where the page says that it belongs.' }),
    title: z.string().nullable(),
    author: z.string().nullable(),
    siteName: z.string().nullable(),
    description: z.string().nullable(),
    language: z.string().nullable(),
    licence: z.string().nullable().openapi({ example: 'CC-BY-SA-4.0' }),
    mediaType: z.string().nullable(),
    sizeBytes: z.number().int().nullable(),
    publishedAt: timestamp.nullable(),
    modifiedAt: timestamp.nullable(),
    feeds: z.array(z.string()).openapi({ description: 'Feeds that the page names.' }),
    quality: qualitySchema.nullable(),
    documentId: z.uuid().nullable(),
    feedId: z.uuid().nullable().openapi({ description: 'The feed that named it.' }),
    collectionId: z.uuid().nullable(),
    tags: z.array(z.string()),
    profile: z.string().nullable(),
    autoAccept: z.boolean(),
    checkEveryHours: z.number().int().nullable(),
    usage: z.object({
      fetches: z.number().int(),
      opens: z.number().int().openapi({ description: 'How often its document was opened, within a second or so.' }),
      lastOpenedAt: timestamp.nullable(),
      discovered: z.number().int().openapi({ description: 'Of a feed: entries that it has named.' }),
      accepted: z.number().int().openapi({ description: 'Of a feed: those of them that were accepted.' }),
    }),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    fetchedAt: timestamp.nullable(),
    changedAt: timestamp.nullable().openapi({ description: 'When its content was new or other than before.' }),
    nextCheckAt: timestamp.nullable(),
    version: z.number().int(),
    createdAt: timestamp,
    updatedAt: timestamp,
  })
  .openapi('Resource');

export const acceptedResourceSchema = z
  .object({ resource: resourceSchema, job: jobSchema })
  .openapi('AcceptedResource');
export const knownResourceSchema = z.object({ resource: resourceSchema, job: z.null() }).openapi('KnownResource');
export const resourcePageSchema = pageOf(resourceSchema, 'ResourcePage');

export const listResourcesQuery = pageQuery(['createdAt', 'updatedAt', 'publishedAt', 'qualityScore']).extend({
  status: z.enum(RESOURCE_STATUSES).optional(),
  type: z.enum(RESOURCE_TYPES).optional(),
  feedId: z.uuid().optional().openapi({ description: 'What this feed has named.' }),
  collectionId: z.uuid().optional(),
  documentId: z.uuid().optional().openapi({ description: 'Where this document is from.' }),
  host: line(255).optional().openapi({ example: 'example.com' }),
  q: line(200).optional().openapi({ description: 'Part of the title.' }),
});
