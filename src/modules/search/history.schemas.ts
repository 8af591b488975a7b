import { z } from '@hono/zod-openapi';
import { pageOf, pageQuery } from '../../http/pagination.ts';
import { searchBody } from './search.schemas.ts';
import { QUERY_STATUSES } from './search.table.ts';

const MAX_TEXT_CHARS = 200;
const MAX_NAME_CHARS = 100;
const MAX_RANK = 100_000;
const EXAMPLE_ID = '0199c0de-0000-7000-8000-000000000000';
const EXAMPLE_TIME = '2026-11-22T09:30:00.000Z';

const count = z.number().int();
const timestamp = z.iso.datetime().openapi({ example: EXAMPLE_TIME });
const moment = z.iso.datetime({ offset: true });
const flag = z.enum(['true', 'false']);
const score = z.number().min(0).max(1);

const text = (maxChars: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(maxChars)
    .refine((given) => given.isWellFormed() && !given.includes('\0'), 'It contains characters that are not text.');

const span = {
  from: moment.optional().openapi({ description: 'Asked at or after. By default, 30 days before `to`.' }),
  to: moment.optional().openapi({ description: 'Asked at or before. By default, now.' }),
};
const first = (usual: number) =>
  z.object({ ...span, limit: z.coerce.number().int().min(1).max(200).default(usual).openapi({ example: usual }) });

export const listQueriesQuery = pageQuery(['createdAt']).extend({
  q: text(MAX_TEXT_CHARS).optional().openapi({ description: 'Part of the text.', example: 'notice' }),
  type: z.string().min(1).max(40).optional().openapi({ example: 'hybrid' }),
  status: z.enum(QUERY_STATUSES).optional(),
  cacheHit: flag.optional(),
  empty: flag.optional().openapi({ description: 'Whether it found nothing.' }),
  judged: flag.optional().openapi({ description: 'Whether it has a relevance score.' }),
  sessionId: z.uuid().optional().openapi({ description: 'The session or API key by which it was asked.' }),
  from: moment.optional(),
  to: moment.optional(),
});

export const removeQueriesQuery = z.object({ from: moment.optional(), to: moment.optional() });
export const popularQuery = first(20);
export const gapsQuery = first(20);
export const trendsQuery = z.object({ ...span, by: z.enum(['day', 'week']).default('day') });

export const querySchema = z
  .object({
    id: z.uuid(),
    query: z.string(),
    type: z.string().openapi({ example: 'hybrid' }),
    context: z.record(z.string(), z.unknown()).openapi({ description: 'How it was asked: filters, limit, weights.' }),
    status: z.enum(QUERY_STATUSES),
    error: z.string().nullable().openapi({ description: 'What kind of error it was.' }),
    resultCount: count,
    documentIds: z.array(z.uuid()),
    durationMs: z.number(),
    cacheHit: z.boolean(),
    relevanceScore: score.nullable(),
    clicks: count.openapi({ description: 'Results that were opened.' }),
    sessionId: z.string().nullable().openapi({ description: 'The session or API key by which it was asked.' }),
    askedAt: timestamp,
  })
  .openapi('Query', {
    example: {
      id: EXAMPLE_ID,
      query: 'notice period',
      type: 'hybrid',
      context: { match: 'auto', limit: 10, tag: 'Contracts' },
      status: 'succeeded',
      error: null,
      resultCount: 3,
      documentIds: [EXAMPLE_ID],
      durationMs: 4.2,
      cacheHit: false,
      relevanceScore: 0.8,
      clicks: 1,
      sessionId: EXAMPLE_ID,
      askedAt: EXAMPLE_TIME,
    },
  });

export const queryResultSchema = z
  .object({
    documentId: z.uuid(),
    chunkId: z.string().nullable().openapi({ description: 'Null for the document as a whole.' }),
    rank: count.nullable(),
    clickedAt: timestamp.nullable(),
    relevanceScore: score.nullable(),
  })
  .openapi('QueryResult');

export const queryPageSchema = pageOf(querySchema, 'QueryPage');
export const queryWithResultsSchema = querySchema
  .extend({ results: z.array(queryResultSchema).openapi({ description: 'Those that were opened or judged.' }) })
  .openapi('QueryWithResults');

export const removedQueriesSchema = z
  .object({
    removed: count,
    isComplete: z.boolean().openapi({ description: 'False: ask again, there are more.' }),
  })
  .openapi('RemovedQueries');

const result = {
  documentId: z.uuid(),
  chunkId: z
    .string()
    .regex(/^[\da-f-]{36}#\d{1,9}$/, 'It is no id of a passage.')
    .optional()
    .openapi({ example: `${EXAMPLE_ID}#3`, description: 'The passage; without it, the document as a whole.' }),
};
type Named = { documentId?: string | undefined; chunkId?: string | undefined };
const isOfDocument = ({ documentId, chunkId }: Named) =>
  chunkId === undefined || (documentId !== undefined && chunkId.startsWith(`${documentId}#`));
const NOT_OF_DOCUMENT = { path: ['chunkId'], message: 'It is no passage of the document.' };

export const feedbackBody = z
  .object({
    relevanceScore: score.openapi({ description: '0: of no use; 1: what was wanted.', example: 0.8 }),
    ...result,
    documentId: result.documentId.optional().openapi({ description: 'One of its results; without it, all of them.' }),
  })
  .strict()
  .refine(isOfDocument, NOT_OF_DOCUMENT)
  .openapi('QueryFeedback');

export const clickBody = z
  .object({ ...result, rank: z.number().int().min(1).max(MAX_RANK).openapi({ description: 'Its place, from 1.' }) })
  .strict()
  .refine(isOfDocument, NOT_OF_DOCUMENT)
  .openapi('QueryClick');

export const popularQuerySchema = z
  .object({
    text: z.string(),
    searches: count,
    lastAskedAt: timestamp,
    averageResults: z.number(),
    clicks: count,
    averageRelevance: z.number().nullable(),
  })
  .openapi('PopularQuery');

export const trendSchema = z
  .object({
    from: z.iso.date().openapi({ description: 'First day, UTC. Weeks begin on Monday.', example: '2026-11-23' }),
    searches: count,
    distinct: count.openapi({ description: 'Different questions.' }),
    empty: count.openapi({ description: 'That found nothing.' }),
    cacheHits: count,
    clicks: count,
    averageRelevance: z.number().nullable(),
    averageTimeMs: z.number(),
  })
  .openapi('QueryTrend');

export const gapSchema = z
  .object({
    text: z.string().openapi({ description: 'As it was asked most.' }),
    variants: z.array(z.string()).openapi({ description: 'The same question in other words’ forms, order, or slips.' }),
    reason: z.enum(['nothing_found', 'poor_results', 'nothing_opened']),
    searches: count,
    averageRelevance: z.number().nullable(),
    lastAskedAt: timestamp,
  })
  .openapi('QueryGap');

export const popularQueriesSchema = z.object({ items: z.array(popularQuerySchema) }).openapi('PopularQueries');
export const trendsSchema = z.object({ items: z.array(trendSchema) }).openapi('QueryTrends');
export const gapsSchema = z.object({ items: z.array(gapSchema) }).openapi('QueryGaps');

const savedName = text(MAX_NAME_CHARS).openapi({ example: 'Contracts that end' });
const versionInBody = z
  .number()
  .int()
  .positive()
  .optional()
  .openapi({ description: 'The version that you read; the change is refused when there is a newer one.', example: 1 });

export const newSavedSearchBody = z
  .object({ name: savedName, search: searchBody.openapi({ description: 'The body of `POST /v1/search`.' }) })
  .strict()
  .openapi('NewSavedSearch');

export const changeSavedSearchBody = z
  .object({ name: savedName.optional(), search: searchBody.optional(), version: versionInBody })
  .strict()
  .refine(({ name, search }) => name !== undefined || search !== undefined, 'Give at least one field to change.')
  .openapi('SavedSearchChanges');

export const listSavedQuery = pageQuery(['createdAt', 'name']);

export const runSavedQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).optional().openapi({ description: 'Instead of the saved one.' }),
  cursor: z.string().max(2000).optional(),
  explain: flag.optional().openapi({ description: 'Show how the answer came about.' }),
});

export const savedSearchSchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    search: z.record(z.string(), z.unknown()).openapi({ description: 'The body of `POST /v1/search`.' }),
    searchVersion: count.openapi({ description: 'Of the form that searches had when it was saved.' }),
    version: count,
    createdAt: timestamp,
    updatedAt: timestamp,
  })
  .openapi('SavedSearch');

export const savedSearchPageSchema = pageOf(savedSearchSchema, 'SavedSearchPage');

export const entityTag = z.object({
  ETag: z.string().openapi({ description: 'Send it as `If-Match` to change only what you have read.', example: '"1"' }),
});
export const createdHeaders = entityTag.extend({ Location: z.string().openapi({ description: 'Where it is.' }) });
