import { z } from '@hono/zod-openapi';
import { pageOf, pageQuery } from '../../http/pagination.ts';
import { ANALYSIS_STATUSES, ANALYSIS_TYPES, RESULT_SCHEMAS } from './analysis-types.ts';

const timestamp = z.iso.datetime();
const type = z.enum(ANALYSIS_TYPES).openapi({ example: 'summary' });

export const analysisSchema = z
  .object({
    id: z.uuid(),
    documentId: z.uuid(),
    type,
    status: z.enum(ANALYSIS_STATUSES).openapi({
      description: '`unavailable`: it takes something that is not here, a model for example; `reason` says what.',
    }),
    isCurrent: z
      .boolean()
      .openapi({ description: 'Whether it is the newest of its type, and about the present bytes.' }),
    isOfPresentContent: z.boolean(),
    analyser: z.string().openapi({ description: 'Name and version of what made it.', example: 'summary/centroid@1' }),
    model: z.string().nullable().openapi({ description: 'The hosted model that was asked.' }),
    result: z.union(Object.values(RESULT_SCHEMAS)).nullable().openapi({
      description: 'As its type has it. Places are [start, end) in the extracted text.',
    }),
    reason: z.string().nullable().openapi({ description: 'Why there is no result.' }),
    nextAttemptAt: timestamp.nullable().openapi({ description: 'When a model that failed is asked again.' }),
    createdAt: timestamp,
  })
  .openapi('Analysis');

export const analysisPageSchema = pageOf(analysisSchema, 'AnalysisPage');

export const listAnalysesQuery = pageQuery(['createdAt']).extend({
  type: type.optional(),
  all: z.enum(['true', 'false']).default('false').openapi({ description: 'Earlier versions as well.' }),
});

export const reprocessBody = z
  .strictObject({
    analyses: z
      .array(type)
      .min(1)
      .max(ANALYSIS_TYPES.length)
      .transform((types) => [...new Set(types)])
      .optional()
      .openapi({
        example: ['summary'],
        description: 'Only these are made anew. Without it, the file is read again and all of them are.',
      }),
  })
  .openapi('Reprocessing');
