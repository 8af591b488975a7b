import type { AnalysisResult } from '../analysis-types.ts';

export type EntityType = AnalysisResult<'entities'>['entities'][number]['type'];

/** Something named in a stretch of text; offsets are into the stretch. */
export type Found = {
  type: EntityType;
  text: string;
  start: number;
  /** What it is one and the same by, however it is written. */
  key: string;
  value?: string;
};

const MONTHS: Record<string, number> = Object.fromEntries(
  [
    'january janvier januar jänner enero gennaio janeiro januari jan',
    'february février fevrier februar feber febrero febbraio fevereiro februari feb',
    'march mars märz maerz marzo março maart mar',
    'april avril abril aprile apr',
    'may mai mayo maggio maio mei',
    'june juin juni junio giugno junho jun',
    'july juillet juli julio luglio julho jul',
    'august août aout agosto augustus aug',
    'september septembre septiembre settembre setembro sept sep',
    'october octobre oktober octubre ottobre outubro oct okt',
    'november novembre noviembre novembro nov',
    'december décembre decembre dezember diciembre dicembre dezembro dec dez',
  ].flatMap((names, i) => names.split(' ').map((name) => [name, i + 1])),
);
const MONTH = Object.keys(MONTHS)
  .sort((a, b) => b.length - a.length)
  .join('|');

const YEAR = String.raw`(?:1[5-9]|20)\d{2}`;
const BOUND = { before: String.raw`(?<![\p{L}\p{N}.,/-])`, after: String.raw`(?![\p{L}\p{N}]|[./-]\d)` };
const rule = (pattern: string) => new RegExp(`${BOUND.before}(?:${pattern})${BOUND.after}`, 'giu');

type DateRule = { pattern: RegExp; read: (groups: Record<string, string | undefined>) => DateParts | undefined };
type DateParts = { year: number; month: number; day?: number | undefined };

const number = (text: string | undefined) => Number(text);
const monthOf = (name = '') => MONTHS[name.toLowerCase()] ?? 0;

const DATES: DateRule[] = [
  {
    pattern: rule(
      String.raw`(?<y>${YEAR})-(?<m>\d{2})-(?<d>\d{2})(?:T\d{2}:\d{2}[\d:.]{0,10}(?:Z|[+-]\d{2}:?\d{2})?)?`,
    ),
    read: ({ y, m, d }) => ({ year: number(y), month: number(m), day: number(d) }),
  },
  {
    pattern: rule(String.raw`(?<d>\d{1,2})\.\s?(?<m>\d{1,2})\.\s?(?<y>${YEAR})`),
    read: ({ y, m, d }) => ({ year: number(y), month: number(m), day: number(d) }),
  },
  {
    pattern: rule(String.raw`(?<a>\d{1,2})(?<s>[/-])(?<b>\d{1,2})\k<s>(?<y>${YEAR})`),
    // 3/4/2024 is another day on either side of the Atlantic.
    read: ({ y, a, b }) => slashed(number(y), number(a), number(b)),
  },
  {
    pattern: rule(
      String.raw`(?<d>\d{1,2})(?:st|nd|rd|th|er|º|\.)?\s(?:of\s|de\s|do\s)?(?<n>${MONTH})\.?,?\s(?:de\s|of\s)?(?<y>${YEAR})`,
    ),
    read: ({ y, n, d }) => ({ year: number(y), month: monthOf(n), day: number(d) }),
  },
  {
    pattern: rule(String.raw`(?<n>${MONTH})\.?\s(?<d>\d{1,2})(?:st|nd|rd|th)?,?\s(?<y>${YEAR})`),
    read: ({ y, n, d }) => ({ year: number(y), month: monthOf(n), day: number(d) }),
  },
  {
    pattern: rule(String.raw`(?<n>${MONTH})\.?,?\s(?:de\s|of\s)?(?<y>${YEAR})`),
    read: ({ y, n }) => ({ year: number(y), month: monthOf(n) }),
  },
  {
    pattern: /(?<y>(?:1[5-9]|20)\d{2})[年년]\s?(?<m>\d{1,2})[月월](?:\s?(?<d>\d{1,2})[日일号])?/gu,
    read: ({ y, m, d }) => ({ year: number(y), month: number(m), day: d === undefined ? undefined : number(d) }),
  },
];

function slashed(year: number, a: number, b: number): DateParts | undefined {
  if (a > 12) return { year, month: b, day: a };
  if (b > 12 || a === b) return { year, month: a, day: b };
  return undefined;
}

const CURRENCY = 'USD|EUR|GBP|CHF|JPY|CNY|RMB|INR|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|RUB|BRL|MXN|ZAR|KRW|SGD|HKD|TRY';
const SIGN = String.raw`(?:US|A|C|NZ|HK|S|R)?\$|[€£¥₹₽₩₺₪฿]`;
const AMOUNT = String.raw`\d{1,3}(?:[ \u00a0\u202f.,'’]\d{3}){1,5}(?:[.,]\d{1,2})?|\d{1,12}(?:[.,]\d{1,4})?`;
const SCALE = String.raw`(?:\s?(?:thousand|million|billion|trillion|Mio\.?|Mrd\.?|Millionen|Milliarden|Million|Milliarde|millions|milliards|millones|milioni|bn|mn|[kKmM]\b))?`;

const MONEY = new RegExp(
  `(?<![\\p{L}\\p{N}])(?:(?:${SIGN}|(?:${CURRENCY})\\b)\\s?(?:${AMOUNT})${SCALE}|(?:${AMOUNT})${SCALE}\\s?(?:[€£¥₹₽₩₺₪]|(?:${CURRENCY})\\b|euros?\\b|dollars?\\b|kr\\b|zł\\b))(?![\\p{N}])`,
  'gu',
);
const EMAIL = /(?<![\w.+-])[\w.+-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}(?![\w-])/giu;
const URL_PATTERN = /(?<![\w@])(?:https?:\/\/|www\.)[^\s<>"'“”«»|\\^`{}\u3000-\u303f]{3,500}/giu;

/** What can be told by how it is written, in whatever language. */
export function findByRules(text: string): Found[] {
  return [...findDates(text), ...findMoney(text), ...findAddresses(text)];
}

function findDates(text: string): Found[] {
  const found = new Map<number, Found>();
  for (const { pattern, read } of DATES) {
    for (const match of text.matchAll(pattern)) {
      const parts = read(match.groups ?? {});
      const value = parts && isoOf(parts);
      // The rules overlap: `2 May 2024` is no `May 2024` as well.
      const isKnown = [...Array(12).keys()].some((back) => covers(found.get(match.index - back), match.index));
      if (isKnown || (parts !== undefined && value === undefined)) continue;
      found.set(match.index, {
        type: 'date',
        text: match[0],
        start: match.index,
        key: value ?? match[0],
        ...(value !== undefined && { value }),
      });
    }
  }
  return [...found.values()];
}

const covers = (earlier: Found | undefined, at: number) =>
  earlier !== undefined && earlier.start + earlier.text.length > at;

/** A day that there is, or a month. */
function isoOf({ year, month, day }: DateParts): string | undefined {
  if (month < 1 || month > 12) return undefined;
  const monthText = `${year}-${String(month).padStart(2, '0')}`;
  if (day === undefined) return monthText;
  const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
  return day >= 1 && day <= last ? `${monthText}-${String(day).padStart(2, '0')}` : undefined;
}

const findMoney = (text: string): Found[] =>
  [...text.matchAll(MONEY)].map((match) => ({
    type: 'money',
    text: match[0].trim(),
    start: match.index,
    key: match[0].replace(/\s/g, '').toLowerCase(),
  }));

function findAddresses(text: string): Found[] {
  const urls = [...text.matchAll(URL_PATTERN)].map((match): Found => {
    const url = withoutPunctuation(match[0]);
    return { type: 'url', text: url, start: match.index, key: url };
  });
  const emails = [...text.matchAll(EMAIL)].map(
    (match): Found => ({ type: 'email', text: match[0], start: match.index, key: match[0].toLowerCase() }),
  );
  return [...urls, ...emails];
}

/** A sentence's own punctuation after an address, and a bracket that was opened before it. */
function withoutPunctuation(url: string): string {
  const short = url.replace(/[.,;:!?…)\]*_~]+$/, '');
  return url.charAt(short.length) === ')' && short.includes('(') ? `${short})` : short;
}
