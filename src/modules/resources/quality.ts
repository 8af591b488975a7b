import type { PageFacts, PageMeasures } from './page-facts.ts';

/** One thing that speaks for or against a resource. `points` of `of` were given. */
export type QualityReason = { code: QualityCode; points: number; of: number; detail: string };

export const QUALITY_CODES = [
  'length',
  'readable_share',
  'link_share',
  'author',
  'date',
  'licence',
  'https',
  'open',
] as const;
type QualityCode = (typeof QUALITY_CODES)[number];

export type Quality = { score: number; reasons: QualityReason[] };

export type Judged = {
  url: string;
  facts: PageFacts;
  /** Undefined for files that are no pages: they have no frame of menus around them. */
  measures: PageMeasures | undefined;
  sizeBytes: number;
};

/** A text this long is whole; below a note, there is hardly anything. */
const FULL_WORDS = 600;
const FULL_BYTES = 20_000;
/** Shares at which a page is all text, and all menu. */
const GOOD_SHARE = 0.7;
const POOR_SHARE = 0.2;
const GOOD_LINKS = 0.15;
const POOR_LINKS = 0.6;

/**
 * How much can be expected of a resource as a source, from 0 to 100, with every reason. Facts only: who wrote it, when,
 * under what terms, how much there is to read, and whether it can be read at all. It says nothing about whether it is true.
 */
export function judgeQuality({ url, facts, measures, sizeBytes }: Judged): Quality {
  const reasons = [
    ...(measures ? pageReasons(measures) : fileReasons(sizeBytes)),
    reason('author', {
      of: 15,
      share: facts.author ? 1 : 0,
      detail: facts.author ? 'It names its author.' : 'It names no author.',
    }),
    reason('date', {
      of: 10,
      share: facts.publishedAt ? 1 : facts.modifiedAt ? 0.5 : 0,
      detail: facts.publishedAt ? 'It says when it appeared.' : 'It does not say when it appeared.',
    }),
    reason('licence', {
      of: 5,
      share: facts.licence ? 1 : 0,
      detail: facts.licence ? 'It says under what licence it may be used.' : 'It names no licence.',
    }),
    secure(url),
  ];
  const points = reasons.reduce((sum, { points: given }) => sum + given, 0);
  const possible = reasons.reduce((sum, { of }) => sum + of, 0);
  const score = Math.round((100 * points) / possible);
  // Of what cannot be read there is little to be had, whatever speaks for it.
  return { score: measures?.hasPaywall ? Math.min(score, 40) : score, reasons };
}

function pageReasons({
  words,
  articleCharacters,
  wholeCharacters,
  linkCharacters,
  hasPaywall,
}: PageMeasures): QualityReason[] {
  const readable = share(articleCharacters, wholeCharacters);
  const links = share(linkCharacters, articleCharacters || wholeCharacters);
  // What only leads elsewhere is no text.
  const read = Math.round(words * (1 - links));
  return [
    reason('length', { of: 25, share: read / FULL_WORDS, detail: `There are ${read} words to read.` }),
    reason('readable_share', {
      of: 20,
      share: between(readable, { poor: POOR_SHARE, good: GOOD_SHARE }),
      detail: `${percent(readable)} of the page is its text.`,
    }),
    reason('link_share', {
      of: 10,
      share: between(links, { poor: POOR_LINKS, good: GOOD_LINKS }),
      detail: `${percent(links)} of the text are links.`,
    }),
    reason('open', {
      of: 10,
      share: hasPaywall ? 0 : 1,
      detail: hasPaywall
        ? 'There are signs that a part is for subscribers only.'
        : 'Nothing says that a part is withheld.',
    }),
  ];
}

const fileReasons = (sizeBytes: number): QualityReason[] => [
  reason('length', { of: 25, share: sizeBytes / FULL_BYTES, detail: `The file has ${sizeBytes} bytes.` }),
];

const secure = (url: string) => {
  const isSecure = url.startsWith('https:');
  const detail = isSecure
    ? 'It came over a connection that nobody could change.'
    : 'Anybody on the way could change it.';
  return reason('https', { of: 5, share: isSecure ? 1 : 0, detail });
};

function reason(
  code: QualityCode,
  { of, share: given, detail }: { of: number; share: number; detail: string },
): QualityReason {
  return { code, points: Math.round(of * Math.max(0, Math.min(1, given)) * 10) / 10, of, detail };
}

const between = (value: number, { poor, good }: { poor: number; good: number }) => (value - poor) / (good - poor);
const share = (part: number, whole: number) => (whole === 0 ? 0 : Math.min(1, part / whole));
const percent = (value: number) => `${Math.round(100 * value)} %`;
