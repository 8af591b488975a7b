import type { AnalysisResult } from '../analysis-types.ts';
import type { AnalysedReading, Analyser } from './analyser.ts';
import { type EntityType, type Found, findByRules } from './entity-rules.ts';
import { placeAt, sampleText } from './sampling.ts';

/** Looking for patterns is quick, and an address may stand anywhere. */
const RULE_SAMPLE = { characters: 1_000_000, stretches: 50 };
/** Tagging words takes a second for a hundred thousand characters. */
const NAME_SAMPLE = { characters: 60_000, stretches: 12 };
const MAX_PER_TYPE = 25;
const MAX_MENTIONS = 3;
const MAX_NAME_CHARACTERS = 80;

type Entity = AnalysisResult<'entities'>['entities'][number];

/** Dates, sums, addresses by rules in any language; people, places and organisations in English, by compromise. */
export const entitiesAnalyser: Analyser<'entities'> = {
  type: 'entities',
  version: 'entities/rules+compromise@1',
  async analyse(reading) {
    const { text, language } = reading;
    if (text === '') return undefined;
    const found = sampleText(text, RULE_SAMPLE).flatMap((stretch) => moved(findByRules(stretch.text), stretch.start));
    const isEnglish = language === 'en';
    if (isEnglish) {
      const findNames = await loadTagger();
      for (const stretch of sampleText(text, NAME_SAMPLE)) found.push(...moved(findNames(stretch.text), stretch.start));
    }
    return {
      entities: gather(found, reading),
      isSampled: text.length > (isEnglish ? NAME_SAMPLE : RULE_SAMPLE).characters,
    };
  },
};

const moved = (found: Found[], by: number): Found[] => found.map((entity) => ({ ...entity, start: entity.start + by }));

/** One entry for each thing, the most often named first. */
function gather(found: Found[], reading: AnalysedReading): Entity[] {
  const groups = Map.groupBy(found, ({ type, key }) => `${type} ${key}`);
  const entities = [...groups.values()].map((same): Entity => {
    const mentions = same.sort((a, b) => a.start - b.start);
    const [first] = mentions;
    return {
      type: first?.type ?? 'url',
      text: first?.text.replace(/\s+/g, ' ') ?? '',
      ...(first?.value !== undefined && { value: first.value }),
      count: same.length,
      mentions: mentions.slice(0, MAX_MENTIONS).map(({ start, text }) => placeAt(reading, start, start + text.length)),
    };
  });
  const byType = Map.groupBy(
    entities.sort((a, b) => b.count - a.count),
    ({ type }) => type,
  );
  return [...byType.values()].flatMap((list) => list.slice(0, MAX_PER_TYPE));
}

const NAMED: [type: EntityType, method: 'people' | 'places' | 'organizations'][] = [
  ['person', 'people'],
  ['place', 'places'],
  ['organisation', 'organizations'],
];

/** Offsets that the tagger gives with each match. */
type Tagged = { offset?: { start: number; length: number } };

async function loadTagger(): Promise<(text: string) => Found[]> {
  const { default: nlp } = await import('compromise');
  return (text) => {
    const tagged = nlp(text);
    return NAMED.flatMap(([type, method]) => {
      const matches: Tagged[] = tagged[method]().json({ offset: true });
      return matches.flatMap(({ offset }) => (offset ? nameAt(text, { type, ...offset }) : []));
    });
  };
}

/** The name without what the sentence put around it; nothing where it is no name. */
function nameAt(text: string, { type, start, length }: { type: EntityType; start: number; length: number }): Found[] {
  const raw = text.slice(start, start + length);
  const leading = LEADING.exec(raw)?.[0].length ?? 0;
  const name = withoutEnd(raw.slice(leading));
  const isName = /^\p{Lu}|^\p{N}.*\p{Lu}/u.test(name) && name.length > 1 && name.length <= MAX_NAME_CHARACTERS;
  if (!isName || NO_NAME.test(name)) return [];
  return [{ type, text: name, start: start + leading, key: name.replace(/\s+/g, ' ').toLowerCase() }];
}

/** Quotes, brackets, and small words that begin a sentence rather than a name. */
const LEADING =
  /^(?:[^\p{L}\p{N}]+|(?:the|a|an|in|on|at|by|of|for|from|during|after|before|when|while|and|but|as|with|under)\s)+/iu;
/** Several names in one, parts of addresses, titles alone, and what is capitalised for another reason. */
const NO_NAME =
  /[\n\t@;|]|:\/\/|^(?:mr|mrs|ms|dr|sr|jr|sir|company|board|committee|department|i|he|she|they|we|you)\.?$/i;

/** A full stop belongs to an abbreviation only: `U.S.`, `Inc.` */
function withoutEnd(name: string): string {
  const bare = name.replace(/(?:['’]s)?[^\p{L}\p{N}.)]*$/u, '').replace(/(?<!\([^)]*)\)$/, '');
  return /(?:\b\p{L}\.\p{L}|\b(?:Inc|Corp|Co|Ltd|Bros|Jr|Sr|St))\.$/u.test(bare) ? bare : bare.replace(/[.'’]+s?$/, '');
}
