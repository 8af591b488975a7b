import { createBlockCollector } from './blocks.ts';
import type { Block } from './extractor.ts';
import { decodeCodePage } from './rtf-code-pages.ts';
import { applyFormat, createState, createTables, type RtfState, type RtfTarget, targetOf } from './rtf-state.ts';
import { createRtfStory, type RtfStory } from './rtf-story.ts';
import { createRtfTokenizer, type RtfToken } from './rtf-tokens.ts';

/** What a Rich Text file says, as it says it. */
export type RtfContent = {
  blocks: Block[];
  /** Fields of `\info` by their control words; dates as `2024-05-06T07:08`. */
  info: Map<string, string>;
  links: string[];
  /** How many groups were still open at the end: more than the outermost means that the end is missing. */
  openGroups: number;
};

/** Programs nest a few dozen groups; beyond this, groups only count and change nothing. */
export const MAX_STATES = 2000;
const MAX_FIELD_CHARACTERS = 2000;
const MAX_LINKS = 1000;
const MAX_RUN_BYTES = 65_536;

const SPECIAL_TEXT: Record<string, string> = {
  tab: '\t',
  line: '\n',
  lbr: '\n',
  softline: '\n',
  emdash: '—',
  endash: '–',
  emspace: '\u2003',
  enspace: '\u2002',
  qmspace: '\u2005',
  bullet: '•',
  lquote: '‘',
  rquote: '’',
  ldblquote: '“',
  rdblquote: '”',
  '~': '\u00a0',
  _: '\u2011',
};
const DATE_PARTS = ['yr', 'mo', 'dy', 'hr', 'min'];
const DATES = new Set(['creatim', 'revtim']);

/** Reads a Rich Text file whole: its text by paragraph, its tables, notes and page headers, what it says about itself. */
export function readRtf(bytes: Uint8Array): RtfContent {
  return createReader(bytes).read();
}

function createReader(bytes: Uint8Array) {
  const tokens = createRtfTokenizer(bytes);
  const tables = createTables();
  const collector = createBlockCollector();
  const notes = createBlockCollector();
  const running = createBlockCollector();
  const stories: Partial<Record<string, RtfStory>> = {
    body: createRtfStory(collector),
    note: createRtfStory(notes),
    running: createRtfStory(running),
  };
  const info = new Map<string, string>();
  const links: string[] = [];
  const states: RtfState[] = [];
  let state = createState();
  let depth = 0;
  let run: number[] = [];
  let fallback = 0;
  let instruction = '';

  const storyOf = () => stories[state.target];

  const emit = (text: string) => {
    if (state.isHidden) return;
    if (state.target === 'list-mark') stories.body?.mark(text);
    else if (state.target === 'info') addToField(state.field, text);
    else if (state.target === 'generator') addToField('generator', text);
    else if (state.target === 'instruction') instruction = (instruction + text).slice(0, MAX_FIELD_CHARACTERS);
    else storyOf()?.text(text);
  };

  const addToField = (field: string, text: string) => {
    const before = info.get(field) ?? '';
    if (field !== '' && before.length < MAX_FIELD_CHARACTERS) info.set(field, before + text);
  };

  const flushRun = () => {
    if (run.length === 0) return;
    const font = tables.fonts.get(state.font === -1 ? tables.defaultFont : state.font);
    const text = decodeCodePage(Uint8Array.from(run), font?.codePage ?? tables.codePage);
    run = [];
    emit(font?.isSymbol === true ? text.replaceAll('·', '•') : text);
  };

  const addByte = (byte: number) => {
    state.isFresh = false;
    if (fallback > 0) {
      fallback--;
      return;
    }
    if (state.isAlternative) return;
    run.push(byte);
    // A run is cut only after ASCII, never within a character of two bytes.
    if (run.length >= MAX_RUN_BYTES && byte < 0x40) flushRun();
  };

  const open = () => {
    flushRun();
    fallback = 0;
    depth++;
    if (states.length >= MAX_STATES) return;
    states.push(state);
    state = { ...state, isFresh: true, isOptional: false };
  };

  const close = () => {
    flushRun();
    fallback = 0;
    depth--;
    if (depth >= MAX_STATES) return;
    const before = states.pop() ?? createState();
    if (state.target === 'instruction' && before.target !== 'instruction') endInstruction();
    if (state.target === 'note' && before.target !== 'note') stories.note?.end();
    if (state.target === 'running' && before.target !== 'running') stories.running?.end();
    state = before;
  };

  const endInstruction = () => {
    const url = /HYPERLINK\s+"([^"]+)"/i.exec(instruction)?.[1];
    if (url !== undefined && links.length < MAX_LINKS) links.push(url);
    instruction = '';
  };

  const control = (token: Extract<RtfToken, { type: 'control' }>) => {
    if (fallback > 0 && /^[~_-]$/.test(token.name)) {
      fallback--;
      return;
    }
    flushRun();
    fallback = 0;
    if (token.name === '*') {
      state.isOptional = true;
      return;
    }
    const isFirst = state.isFresh;
    state.isFresh = false;
    if (isFirst && beginDestination(token.name)) return;
    if (state.target === 'info') beginField(token);
    if (!applyFormat(token, state, tables)) insert(token);
  };

  /** Whether the word said what its group is. */
  const beginDestination = (name: string): boolean => {
    if (name === 'upr' || (name === 'ud' && state.isAlternative)) {
      state.isAlternative = name === 'upr';
      return true;
    }
    const target = states.length < MAX_STATES ? targetOf(name, state) : undefined;
    if (target === 'skip' || state.isAlternative) {
      tokens.skipGroup();
      close();
      return true;
    }
    if (target === undefined) return false;
    const isNested = target === 'note' && state.target !== 'body';
    if (!isNested) enter(target);
    return true;
  };

  const enter = (target: RtfTarget) => {
    state.target = target;
    // The paragraph around a note, a header or a mark is not of it.
    if (target === 'note' || target === 'running') state = { ...state, inTable: false, outline: undefined, style: 0 };
  };

  const beginField = ({ name, value }: { name: string; value: number | undefined }) => {
    if (DATE_PARTS.includes(name) && DATES.has(state.field)) {
      const digits = String(value ?? 0).padStart(name === 'yr' ? 4 : 2, '0');
      addToField(state.field, { yr: '', mo: '-', dy: '-', hr: 'T', min: ':' }[name] + digits);
    } else if (state.field === '') state.field = name;
  };

  const insert = ({ name, value }: { name: string; value: number | undefined }) => {
    const special = Object.hasOwn(SPECIAL_TEXT, name) ? SPECIAL_TEXT[name] : undefined;
    if (special !== undefined) emit(special);
    else if (name === 'u') {
      insertUnicode(value ?? 0);
    } else if (/^[{}\\]$/.test(name)) emit(name);
    else arrange(name);
  };

  const insertUnicode = (value: number) => {
    const code = value < 0 ? value + 0x1_0000 : value;
    // Symbol fonts lie in the private area: of them only bullets are text.
    if (code >= 0xf020 && code <= 0xf0ff) emit(code === 0xf0b7 || code === 0xf0a7 ? '•' : '');
    else if (code > 0 && code <= 0xffff) emit(String.fromCharCode(code));
    fallback = state.fallbackBytes;
  };

  const arrange = (name: string) => {
    const story = storyOf();
    if (name === 'par' || name === 'sect' || name === 'page' || name === '\r' || name === '\n') {
      story?.endParagraph({ inTable: state.inTable, outline: state.outline ?? tables.outlines.get(state.style) });
    } else if (name === 'trowd') story?.beginRow();
    else if (name === 'cell') story?.endCell();
    else if (name === 'row') story?.endRow();
    else if (name === 'nestcell' || name === 'nestrow') story?.text(' ');
  };

  const take = (token: RtfToken) => {
    if (token.type === 'byte') addByte(token.byte);
    else if (token.type === 'open') open();
    else if (token.type === 'close') close();
    else control(token);
  };

  return {
    read(): RtfContent {
      let token = tokens.next();
      while (token !== undefined) {
        take(token);
        // What stands behind the document is not of it.
        token = depth > 0 ? tokens.next() : undefined;
      }
      flushRun();
      for (const story of Object.values(stories)) story?.end();
      const blocks = [...collector.blocks, ...notes.blocks, ...distinctLines(running.blocks)];
      return { blocks, info, links, openGroups: tokens.isCut() ? depth + 1 : depth };
    },
  };
}

/** Lines of page headers and footers, each once, without page numbers. */
function distinctLines(blocks: Block[]): Block[] {
  const seen = new Set<string>();
  return blocks.filter(({ text }) => {
    const isNew = /\p{L}/u.test(text) && !seen.has(text);
    seen.add(text);
    return isNew;
  });
}
