import { areAlike, type WordsOfQuery, wordsOf } from './query-text.ts';

/** A search as gaps are told by. */
export type GapCandidate = {
  queryText: string;
  textKey: string;
  resultCount: number;
  relevanceScore: number | null;
  clicks: number;
  createdAt: number;
};

export type GapReason = 'nothing_found' | 'poor_results' | 'nothing_opened';

/** A question that the library has no good answer to, in all the ways in which it was asked. */
export type Gap = {
  text: string;
  variants: string[];
  reason: GapReason;
  searches: number;
  averageRelevance: number | null;
  lastAskedAt: number;
};

type Cluster = { words: WordsOfQuery; asked: GapCandidate[] };

/** Judged below this, results were poor. */
const POOR_BELOW = 0.4;
const MAX_VARIANTS = 10;

/**
 * Groups questions by their words and tells which have no good answer, by the latest searches first: what found nothing,
 * was judged poor, or was never followed by opening a result, where results are opened at all. Who has found something
 * since, by the same question, has no gap any more.
 * @param searches the newest first.
 */
export function findGaps(searches: readonly GapCandidate[]): Gap[] {
  const opensResults = searches.some(({ clicks }) => clicks > 0);
  return clustersOf(searches)
    .flatMap(({ asked }): Gap[] => {
      const reason = reasonOf(asked, opensResults);
      const [latest] = asked;
      if (reason === undefined || latest === undefined) return [];
      const judged = asked.flatMap(({ relevanceScore }) => (relevanceScore === null ? [] : [relevanceScore]));
      const [text = latest.queryText, ...variants] = spellingsOf(asked);
      return [
        {
          text,
          variants: variants.slice(0, MAX_VARIANTS),
          reason,
          searches: asked.length,
          averageRelevance: judged.length === 0 ? null : average(judged),
          lastAskedAt: latest.createdAt,
        },
      ];
    })
    .sort((a, b) => b.searches - a.searches || b.lastAskedAt - a.lastAskedAt);
}

/** Why the question, as it stands now, has no good answer; undefined if it has one. */
function reasonOf(asked: readonly GapCandidate[], opensResults: boolean): GapReason | undefined {
  const [latest] = asked;
  if (latest === undefined) return undefined;
  // Documents come: what the last search found is what there is.
  if (latest.resultCount === 0) return 'nothing_found';
  const verdict = asked.find(({ relevanceScore, resultCount }) => relevanceScore !== null && resultCount > 0);
  if (verdict?.relevanceScore != null) return verdict.relevanceScore < POOR_BELOW ? 'poor_results' : undefined;
  return opensResults && asked.every(({ clicks }) => clicks === 0) ? 'nothing_opened' : undefined;
}

/** Questions with the same words; a question joins the first cluster that it is like. */
function clustersOf(searches: readonly GapCandidate[]): Cluster[] {
  const byText = Map.groupBy(searches, ({ textKey, queryText }) => textKey || queryText);
  const byStems = new Map<string, Cluster>();
  for (const [text, asked] of byText) {
    const words = wordsOf(text);
    const key = words.stems.length === 0 ? `text ${text}` : `stems ${words.stems.join(' ')}`;
    const known = byStems.get(key);
    if (known) known.asked.push(...asked);
    else byStems.set(key, { words, asked: [...asked] });
  }
  const clusters = joinNear([...byStems.values()]);
  for (const { asked } of clusters) asked.sort((a, b) => b.createdAt - a.createdAt);
  return clusters;
}

/** Slips. Each question is compared with those of as many words that share one of them, or have no other. */
function joinNear(clusters: Cluster[]): Cluster[] {
  const joined: Cluster[] = [];
  const places = new Map<string, Cluster[]>();
  // The commonest spelling is likelier to be the right one.
  for (const cluster of clusters.toSorted((a, b) => b.asked.length - a.asked.length)) {
    const keys = placesOf(cluster.words);
    const near = keys.flatMap((key) => places.get(key) ?? []).find(({ words }) => areAlike(words, cluster.words));
    if (near) {
      near.asked.push(...cluster.asked);
      continue;
    }
    joined.push(cluster);
    for (const key of keys) places.set(key, [...(places.get(key) ?? []), cluster]);
  }
  return joined;
}

/** Where likes may be found: by one shared stem, or by the beginning or the end of a word. */
const placesOf = ({ stems }: WordsOfQuery): string[] =>
  stems.flatMap((stem) => [stem.slice(0, 3), `-${stem.slice(-3)}`].map((part) => `${stems.length} ${part}`));

/** The ways in which it was asked, the commonest first. */
function spellingsOf(asked: readonly GapCandidate[]): string[] {
  const byText = Map.groupBy(asked, ({ textKey, queryText }) => textKey || queryText);
  return [...byText.values()]
    .toSorted((a, b) => b.length - a.length)
    .flatMap(([first]) => (first === undefined ? [] : [first.queryText]));
}

const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
