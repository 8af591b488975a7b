/**
 * The embeddings port: text to unit vectors. Vectors of different models never mix; the model's name and dimension are
 * stored with every embedding.
 */
export type Embeddings = {
  /** Name of model and version, e.g. `hashing-384-v1`, `@cf/baai/bge-base-en-v1.5`. */
  readonly model: string;
  readonly dimension: number;
  /** How much its ranking deserves to count beside a ranking by words that counts 1, when both are fused. */
  readonly fusionWeight: number;
  /** The most texts that one `embed` call may be given. */
  readonly batchSize: number;
  /**
   * Embeds passages of documents or a search query (models may treat them differently).
   * @returns one L2-normalised vector of `dimension` per text, in order. A text without any features gives zeros.
   * @throws EmbeddingsUnavailableError when the model cannot be reached: transient, worth a retry.
   */
  embed(texts: string[], role: 'document' | 'query'): Promise<Float32Array[]>;
};

export class EmbeddingsUnavailableError extends Error {
  override readonly name = 'EmbeddingsUnavailableError';
}
