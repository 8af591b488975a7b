import type { z } from '@hono/zod-openapi';
import { isHit } from './history-recording.ts';
import type { searchResultSchema } from './search.schemas.ts';
import type { SearchOutcome } from './search.service.ts';

export function presentSearch(
  outcome: SearchOutcome,
  { explain }: { explain: boolean },
): z.output<typeof searchResultSchema> {
  return {
    queryId: outcome.queryId,
    mode: outcome.mode,
    durationMs: outcome.durationMs,
    cacheHit: isHit(outcome.cache),
    items: outcome.hits.map(({ snippet, ...hit }) => ({
      ...hit,
      chunkId: `${hit.documentId}#${hit.ordinal}`,
      snippet: snippet.text,
      highlights: snippet.highlights,
    })),
    notices: outcome.notices,
    ...(outcome.facets && { facets: outcome.facets }),
    nextCursor: outcome.nextCursor,
    ...(explain && {
      explain: {
        embeddingModel: outcome.embeddingModel,
        vectorStore: outcome.vectorStore === 'immediate' ? 'embedded' : 'vectorize',
        weights: outcome.weights,
        understood: outcome.understood,
        timings: outcome.timings,
        indexRowsRead: outcome.rowsRead,
        cache: outcome.cache ?? 'missed',
      },
    }),
  };
}
