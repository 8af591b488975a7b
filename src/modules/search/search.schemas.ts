import { z } from '@hono/zod-openapi';
import { facetsSchema, filterFields, filterParameters } from './search-filters.schemas.ts';

const MAX_QUERY_CHARACTERS = 1_000;
const DEFAULT_LIMIT = 10;
const MAX_LIMIT = 200;

const QUERY_LANGUAGE = [
  'Any text; what is none of these operators is looked for as it stands.',
  '`"notice period"`: these words together.',
  '`-draft`, `-"first draft"`: not these.',
  '`cats OR dogs`: one of them.',
  '`contr*`: words that begin so.',
  '`title:lease`, `heading:fees`, `body:"per month"`: only there, and there for certain.',
  '`tag:work`, `tag:"to read"`, `kind:pdf`, `profile:contract`, `language:de`: documents with it; with `-` in front, without ' +
    'it; with OR between two of a kind, with either.',
  '`after:2026-03`: created in March 2026 or later. `before:2026-03`: created before March 2026. Also a year or a day, in UTC.',
].join('\n- ');

const query = z
  .string()
  .trim()
  .min(1)
  .max(MAX_QUERY_CHARACTERS)
  .transform((text) => text.replaceAll('\0', ' ').toWellFormed())
  .openapi({ example: 'notice period', description: QUERY_LANGUAGE });

const mode = z.enum(['keyword', 'semantic', 'hybrid']).openapi({
  description: 'By words, by likeness of meaning (as the embedding model sees it), or both fused.',
});

const match = z.enum(['auto', 'all', 'any']).openapi({
  description: 'Whether all words must occur or any; `auto` takes all, and any where that finds too little.',
});

const weight = z.number().min(0).max(10);
export const searchQuery = z.object({
  q: query,
  mode: mode.default('hybrid'),
  match: match.default('auto'),
  limit: z.coerce.number().int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
  ...filterParameters,
  explain: z.enum(['true', 'false']).default('false').openapi({ description: 'Show how the answer came about.' }),
});

export const searchBody = z
  .object({
    q: query,
    mode: mode.default('hybrid'),
    match: match.default('auto'),
    limit: z.number().int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
    ...filterFields,
    weights: z.object({ keyword: weight, semantic: weight }).optional(),
    explain: z.boolean().default(false),
  })
  .strict()
  .openapi('SearchRequest');

const scorePart = z.object({ rank: z.number().int(), score: z.number() });

export const searchItemSchema = z
  .object({
    documentId: z.uuid(),
    title: z.string(),
    kind: z.string(),
    profile: z.string(),
    chunkId: z.string(),
    ordinal: z.number().int(),
    page: z.number().int().nullable(),
    time: z
      .object({ startMs: z.number(), endMs: z.number() })
      .optional()
      .openapi({ description: 'When the passage is heard, in recordings.' }),
    headings: z.array(z.string()),
    start: z.number().int().openapi({ description: 'First character of the passage in the extracted text.' }),
    end: z.number().int(),
    score: z.number(),
    scores: z.object({ keyword: scorePart.optional(), semantic: scorePart.optional() }),
    snippet: z.string().openapi({
      description:
        'The best part of the passage, as plain text; of rows in the middle of a table, below the names of its columns.',
    }),
    highlights: z
      .array(z.tuple([z.number().int(), z.number().int()]))
      .openapi({ description: 'Matched words as [start, end) in the snippet.' }),
  })
  .openapi('SearchItem');

export const searchResultSchema = z
  .object({
    queryId: z.uuid(),
    mode,
    durationMs: z.number(),
    cacheHit: z.boolean(),
    items: z.array(searchItemSchema),
    notices: z.array(z.string()).openapi({
      description:
        'What was done differently than asked: `any_word`, `semantic_unavailable`, `no_words` (only filters or exclusions), …',
    }),
    facets: facetsSchema.optional(),
    nextCursor: z.string().nullable(),
    explain: z
      .object({
        embeddingModel: z.string().nullable(),
        vectorStore: z.string(),
        weights: z.object({ keyword: z.number(), semantic: z.number() }),
        understood: z
          .object({
            all: z.array(z.string()),
            any: z.array(z.array(z.string())),
            not: z.array(z.string()),
            filters: z.array(z.string()),
          })
          .openapi({
            description: 'How the query was read: what all should occur, of what one must, what must not, and filters.',
          }),
        timings: z.record(z.string(), z.number()).openapi({ description: 'Milliseconds by part.' }),
        indexRowsRead: z.number().int(),
        cache: z.string().openapi({
          description: 'Where the answer comes from: `isolate` or `kv`; or made: `missed`, `kv_missed`, `kv_failed`.',
        }),
      })
      .optional(),
  })
  .openapi('SearchResult');
