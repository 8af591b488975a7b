import { z } from 'zod';
import { type AttemptPolicy, attempt } from '../../shared/attempts.ts';
import { type Embeddings, EmbeddingsUnavailableError } from './embeddings.ts';

/** Texts that Workers AI takes in one call. */
const BATCH_SIZE = 100;

const POLICY: AttemptPolicy = {
  attempts: 3,
  timeoutMs: 20_000,
  firstDelayMs: 200,
  // The service says no more of an error than a message; what is wrong with the request fails the same way again.
  isTransient: () => true,
};

/** The part of the AI binding that embeds texts. */
export type TextEmbedder = { run(model: string, input: { text: string[] }): Promise<unknown> };

type Options = { model: string; dimension: number; policy?: Partial<AttemptPolicy> };

/** Embeddings by a hosted model of Workers AI, e.g. `@cf/baai/bge-m3` with 1,024 dimensions. */
export function createWorkersAiEmbeddings(ai: TextEmbedder, { model, dimension, policy }: Options): Embeddings {
  const tries = { ...POLICY, ...policy };

  async function embedBatch(texts: string[]): Promise<Float32Array[]> {
    const answer = answerSchema(texts.length, dimension);
    try {
      const { data } = await attempt(async () => answer.parse(await ai.run(model, { text: texts })), tries);
      return data.map((values) => normalize(Float32Array.from(values)));
    } catch (cause) {
      throw new EmbeddingsUnavailableError(`The embedding model ${model} did not answer as it should`, { cause });
    }
  }

  return {
    model,
    dimension,
    // A learned model knows what the words do not say: neither side is the better one everywhere.
    fusionWeight: 1,
    batchSize: BATCH_SIZE,
    async embed(texts) {
      const vectors: Float32Array[] = [];
      for (let first = 0; first < texts.length; first += BATCH_SIZE) {
        vectors.push(...(await embedBatch(texts.slice(first, first + BATCH_SIZE))));
      }
      return vectors;
    },
  };
}

function answerSchema(count: number, dimension: number) {
  return z.object({ data: z.array(z.array(z.number()).length(dimension)).length(count) });
}

function normalize(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return length === 0 ? vector : vector.map((value) => value / length);
}
