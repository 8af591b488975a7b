import type { z } from '@hono/zod-openapi';
import { isoTime, isoTimeOrNull } from '../../shared/time.ts';
import type { analysisSchema } from './analyses.schemas.ts';
import type { Analysis, ListedAnalysis } from './analyses.service.ts';
import { RESULT_SCHEMAS } from './analysis-types.ts';

export function presentAnalysis(analysis: ListedAnalysis): z.output<typeof analysisSchema> {
  return {
    id: analysis.id,
    documentId: analysis.documentId,
    type: analysis.type,
    status: analysis.status,
    isCurrent: analysis.isCurrent && analysis.isOfPresentContent,
    isOfPresentContent: analysis.isOfPresentContent,
    analyser: analysis.analyser,
    model: analysis.model,
    result: analysis.result && RESULT_SCHEMAS[analysis.type].parse(analysis.result),
    reason: analysis.reason,
    nextAttemptAt: analysis.tries > 0 ? isoTimeOrNull(analysis.dueAt) : null,
    createdAt: isoTime(analysis.createdAt),
  };
}

/** For taking them along: with the bytes that they are about. */
export const presentKeptAnalysis = ({ contentId, ...analysis }: Analysis, present: { contentId: string }) =>
  presentAnalysis({ contentId, ...analysis, isOfPresentContent: contentId === present.contentId });
