import type { AnalysedReading } from '../../src/modules/analyses/analysers/analyser.ts';
import { ANALYSERS, type LocalAnalysis } from '../../src/modules/analyses/analysers/analysers.ts';
import { type AnalysisResult, RESULT_SCHEMAS } from '../../src/modules/analyses/analysis-types.ts';
import { chunkDocument } from '../../src/modules/ingestion/chunking.ts';
import type { Block } from '../../src/modules/ingestion/extraction/extractor.ts';
import { detectLanguage } from '../../src/modules/ingestion/language.ts';

/** What reading paragraphs gives. */
export async function readingOf(
  paragraphs: string | Block[],
  more: Partial<AnalysedReading> = {},
): Promise<AnalysedReading> {
  const blocks =
    typeof paragraphs === 'string'
      ? paragraphs.split('\n\n').map((text): Block => ({ type: 'paragraph', text }))
      : paragraphs;
  const { text, chunks } = chunkDocument(blocks, 'general');
  return { kind: 'text', language: await detectLanguage(text), text, chunks, measurements: {}, ...more };
}

/** What an analyser finds, which is of the form that it must be. */
export async function analyse<T extends LocalAnalysis>(
  type: T,
  reading: AnalysedReading,
): Promise<AnalysisResult<T> | undefined> {
  const result = await ANALYSERS[type].analyse(reading);
  return result === undefined ? undefined : (RESULT_SCHEMAS[type].parse(result) as AnalysisResult<T>);
}

/** Prose in three paragraphs. */
export const BEES = `Bees keep the hive at an even temperature all year. In summer the worker bees fan air through the hive with their
wings, and carry water to cool the brood. In winter the worker bees form a cluster around the queen and shiver to warm her.

A beekeeper opens the hive only when the weather is warm. The honey that worker bees store in summer is what the cluster lives
on in winter, so a careful beekeeper never takes all of the honey. The queen lays up to two thousand eggs a day in early summer.

Some beekeepers feed sugar to their bees in autumn. Sugar feeding keeps a weak cluster alive, but worker bees that live on
honey are healthier in spring. Every beekeeper should weigh the hive before winter and leave enough honey for the cluster.`;
