import type { Reading } from '../../ingestion/archive.ts';
import type { AnalysisResult, AnalysisType } from '../analysis-types.ts';

/** What analysers look at. */
export type AnalysedReading = Pick<Reading, 'kind' | 'language' | 'text' | 'chunks' | 'measurements'>;

/**
 * Finds something out about a reading. Pure: the same reading gives the same result. Texts may have 20 million characters;
 * an analyser takes a bounded part of them.
 */
export type Analyser<T extends AnalysisType> = {
  type: T;
  /** Name and version, stored with what it found. */
  version: string;
  /** Undefined where there is nothing to analyse: no text, no measurements. */
  analyse(reading: AnalysedReading): AnalysisResult<T> | undefined | Promise<AnalysisResult<T> | undefined>;
};
