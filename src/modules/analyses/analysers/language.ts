import type { Analyser } from './analyser.ts';
import { sampleText } from './sampling.ts';

/** Some pages from everywhere: a document may quote at length, or be in two languages. */
const SAMPLE = { characters: 12_000, stretches: 6 };
const MIN_LETTERS = 24;
const MAX_ALTERNATIVES = 3;
/** Shares below this are noise of the detector. */
const LEAST_SHARE = 0.05;

/** The language of a text as a BCP 47 primary subtag, and how sure that is: the share of the stretches' votes that it has. */
export const languageAnalyser: Analyser<'language'> = {
  type: 'language',
  version: 'language/tinyld@1',
  async analyse({ text }) {
    const votes = new Map<string, number>();
    let cast = 0;
    const { detectAll } = await import('tinyld/light');
    for (const stretch of sampleText(text, SAMPLE)) {
      if ((stretch.text.match(/\p{L}/gu)?.length ?? 0) < MIN_LETTERS) continue;
      for (const { lang, accuracy } of detectAll(stretch.text)) {
        votes.set(lang, (votes.get(lang) ?? 0) + accuracy);
        cast += accuracy;
      }
    }
    const ranked = [...votes]
      .map(([language, vote]) => ({ language, confidence: rounded(vote / cast) }))
      .sort((a, b) => b.confidence - a.confidence);
    const [best, ...others] = ranked;
    if (best === undefined) return undefined;
    return {
      ...best,
      alternatives: others.filter(({ confidence }) => confidence >= LEAST_SHARE).slice(0, MAX_ALTERNATIVES),
    };
  },
};

const rounded = (share: number) => Math.round(share * 1000) / 1000;
