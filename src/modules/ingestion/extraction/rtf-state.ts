import { codePageOfCharset } from './rtf-code-pages.ts';
import type { RtfToken } from './rtf-tokens.ts';

/** Where the text of a group goes. */
export type RtfTarget =
  | 'body'
  | 'running'
  | 'note'
  | 'list-mark'
  | 'instruction'
  | 'fonts'
  | 'styles'
  | 'info'
  | 'generator'
  | 'nothing';

/** What holds for the text being read; a group inherits it and gives it back when it ends. */
export type RtfState = {
  target: RtfTarget;
  /** Name of the field of `\info` that is being read. */
  field: string;
  font: number;
  /** Bytes of fallback after each `\u`. */
  fallbackBytes: number;
  isHidden: boolean;
  /** Number of the paragraph's style, and its outline level from 0. */
  style: number;
  outline: number | undefined;
  inTable: boolean;
  /** Whether nothing of the group was read yet: its first control word may say what it is. */
  isFresh: boolean;
  /** Whether the group began with `\*`: readers that do not know it pass over it. */
  isOptional: boolean;
  /** The alternatives of `\upr`: only the one in Unicode is read. */
  isAlternative: boolean;
};

export type RtfFont = { codePage: number | undefined; isSymbol: boolean };

/** What the head of the file declares. */
export type RtfTables = {
  codePage: number;
  defaultFont: number;
  fonts: Map<number, RtfFont>;
  /** Outline levels of paragraph styles by number. */
  outlines: Map<number, number>;
};

export const createTables = (): RtfTables => ({
  codePage: 1252,
  defaultFont: 0,
  fonts: new Map(),
  outlines: new Map(),
});

export const createState = (): RtfState => ({
  target: 'body',
  field: '',
  font: -1,
  fallbackBytes: 1,
  isHidden: false,
  style: 0,
  outline: undefined,
  inTable: false,
  isFresh: true,
  isOptional: false,
  isAlternative: false,
});

/** Groups that are text or tell something, by their first control word. */
const TARGETS: Record<string, RtfTarget> = {
  fonttbl: 'fonts',
  stylesheet: 'styles',
  info: 'info',
  generator: 'generator',
  fldinst: 'instruction',
  listtext: 'list-mark',
  pntext: 'list-mark',
  footnote: 'note',
  annotation: 'note',
  header: 'running',
  headerl: 'running',
  headerr: 'running',
  headerf: 'running',
  footer: 'running',
  footerl: 'running',
  footerr: 'running',
  footerf: 'running',
};
/** Groups that may be passed over, but whose text is text like any other. */
const TRANSPARENT = new Set(['shpinst', 'shptxt', 'nesttableprops', 'moMath', 'moMathPara', 'shprslt']);
const SKIPPED = new Set(
  'colortbl filetbl pict nonshppict shppict nonesttables objdata objclass xe tc tcn sp sn sv atnid atnauthor themedata datastore list listtable listoverridetable leveltext revtbl rsidtbl latentstyles'.split(
    ' ',
  ),
);

/** What a group is by its first control word: where its text goes, `skip`, or undefined for formatting. */
export function targetOf(name: string, state: RtfState): RtfTarget | 'skip' | undefined {
  const known = Object.hasOwn(TARGETS, name) ? TARGETS[name] : undefined;
  if (known !== undefined) return known;
  if (TRANSPARENT.has(name)) return undefined;
  return SKIPPED.has(name) || state.isOptional ? 'skip' : undefined;
}

/** Control words that change how text is read. Returns whether the word was one. */
export function applyFormat(
  token: Extract<RtfToken, { type: 'control' }>,
  state: RtfState,
  tables: RtfTables,
): boolean {
  const apply = FORMATS[token.name];
  if (apply === undefined || !Object.hasOwn(FORMATS, token.name)) return false;
  apply({ value: token.value, state, tables });
  return true;
}

type Setting = { value: number | undefined; state: RtfState; tables: RtfTables };

const FORMATS: Record<string, (setting: Setting) => void> = {
  ansicpg: ({ value, tables }) => setCodePage(tables, value ?? 0),
  mac: ({ tables }) => setCodePage(tables, 10000),
  pc: ({ tables }) => setCodePage(tables, 437),
  pca: ({ tables }) => setCodePage(tables, 850),
  deff: ({ value, tables }) => setDefaultFont(tables, value ?? 0),
  f: ({ value, state }) => setFont(state, value ?? 0),
  fcharset: ({ value, state, tables }) => setCharset(value ?? 0, { state, tables }),
  cpg: ({ value, state, tables }) => {
    if (state.target === 'fonts') tables.fonts.set(state.font, { codePage: value, isSymbol: false });
  },
  uc: ({ value, state }) => {
    state.fallbackBytes = Math.max(0, Math.min(value ?? 1, 16));
  },
  v: ({ value, state }) => {
    state.isHidden = value !== 0;
  },
  deleted: ({ value, state }) => {
    state.isHidden = value !== 0;
  },
  plain: ({ state, tables }) => {
    state.isHidden = false;
    state.font = tables.defaultFont;
  },
  pard: ({ state }) => {
    state.inTable = false;
    state.outline = undefined;
    state.style = 0;
  },
  s: ({ value, state }) => {
    state.style = value ?? 0;
  },
  outlinelevel: ({ value, state, tables }) => {
    state.outline = value ?? 0;
    if (state.target === 'styles') tables.outlines.set(state.style, state.outline);
  },
  intbl: ({ state }) => {
    state.inTable = true;
  },
};

function setCodePage(tables: RtfTables, codePage: number): void {
  if (codePage > 0) tables.codePage = codePage;
}

function setDefaultFont(tables: RtfTables, font: number): void {
  tables.defaultFont = font;
}

function setFont(state: RtfState, font: number): void {
  state.font = font;
}

const SYMBOL_CHARSET = 2;
const MAX_FONTS = 10_000;

function setCharset(charset: number, { state, tables }: { state: RtfState; tables: RtfTables }): void {
  if (state.target !== 'fonts' || tables.fonts.size > MAX_FONTS) return;
  // "ANSI" is what the document says, by most programs that are not Word.
  const codePage = charset === 0 ? undefined : codePageOfCharset(charset);
  tables.fonts.set(state.font, { codePage, isSymbol: charset === SYMBOL_CHARSET });
}
