import type { ModelUse } from '../../../platform/models/reading-models.ts';
import type { AnalysisType } from '../analysis-types.ts';
import type { Analyser } from './analyser.ts';
import { entitiesAnalyser } from './entities.ts';
import { keyphrasesAnalyser } from './keyphrases.ts';
import { languageAnalyser } from './language.ts';
import { audioAnalyser, imageAnalyser, videoAnalyser } from './measurements.ts';
import { qualityAnalyser } from './quality.ts';
import { readingTimeAnalyser } from './reading-time.ts';
import { summaryAnalyser } from './summary.ts';

/** What is analysed here, without any model. */
export type LocalAnalysis = Exclude<AnalysisType, ModelUse>;

export const ANALYSERS: { [T in LocalAnalysis]: Analyser<T> } = {
  language: languageAnalyser,
  keyphrases: keyphrasesAnalyser,
  entities: entitiesAnalyser,
  reading_time: readingTimeAnalyser,
  quality: qualityAnalyser,
  summary: summaryAnalyser,
  audio: audioAnalyser,
  image: imageAnalyser,
  video: videoAnalyser,
};
