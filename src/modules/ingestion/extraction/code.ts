import { compactMetadata, createBlockCollector } from './blocks.ts';
import { MAX_LOOKED_AT } from './code-extent.ts';
import { type CodeLanguage, languageByContent, languageByName } from './code-languages.ts';
import { splitRules, splitStatements } from './code-statements.ts';
import { type CodePart, splitSymbols } from './code-symbols.ts';
import { decodeText } from './decode.ts';
import type { Block, ExtractedDocument, ExtractionInput, Extractor } from './extractor.ts';

/** Source code: each function, class, method, table under its name, what lies between them without; all lines, in order. */
export const codeExtractor: Extractor = {
  kind: 'code',
  version: 'code/own@1',
  extract: async (input) => extractCode(input),
};

/** Generated and packed files: nobody reads them by symbol. */
export const MAX_LINES = 200_000;
const MAX_LISTED_SYMBOLS = 200;
/** Shares of lines: of those that look like code in a file named so, and in one that is not; of those that are sentences. */
const MIN_CODE_SHARE = 0.3;
const MIN_CODE_SHARE_UNNAMED = 0.5;
const MAX_PROSE_SHARE = 0.25;
const MIN_DECLARATIONS = 3;
const MIN_CODE_LINES_UNNAMED = 5;
const CODE_LINE =
  /[;{}()[\]=<>|\\]|^\s*(?:#|\/\/|--|\*|@|%|;)|:\s*$|^\s*(?:import|from|def|end|class|begin|return|else|module|use|package)\b/;
/** Comments are sentences too, and SQL reads like some. */
const CODE_START =
  /^\s*(?:#|\/\/|\/\*|\*|--|@|%|;|"""|import\b|from\b|def\b|return\b|create\b|select\b|insert\b|values\b|where\b|end\b)/i;
const PROSE_LINE = /^\s*[\p{L}\p{N}“"'(][^;{}<>=_|\\]*(?:\s[^;{}<>=_|\\\s]+){4,}[.!?:,\p{L})”"']$/u;

/** Whether a text is source code: by its content, and by a name that its content bears out. */
export function looksLikeCode(text: string, filename: string): boolean {
  const lines = text
    .split('\n', 2000)
    .map((line) => line.slice(0, MAX_LOOKED_AT).trimEnd())
    .filter((line) => line !== '');
  const named = languageByName(filename);
  if (named !== undefined && (declares(lines, named) || languageByContent(text) === named)) return true;
  const shareOf = (isMeant: (line: string) => boolean) => lines.filter(isMeant).length / Math.max(1, lines.length);
  if (shareOf((line) => PROSE_LINE.test(line) && !CODE_START.test(line)) > MAX_PROSE_SHARE) return false;
  const share = shareOf((line) => CODE_LINE.test(line));
  if (named !== undefined) return share >= MIN_CODE_SHARE;
  if (/^(?:#!.*\w|<\?php\b)/.test(text)) return languageByContent(text) !== undefined;
  // Any other ending says what it is, as far as names do.
  if (/\.[a-z\d]{1,8}$/i.test(filename) || lines.length < MIN_CODE_LINES_UNNAMED) return false;
  return share >= MIN_CODE_SHARE_UNNAMED && languageByContent(text) !== undefined;
}

/** Whether declarations say that a file is of the language that its name says, however much of it is documentation. */
function declares(lines: string[], { rules: [first] }: CodeLanguage): boolean {
  return first !== undefined && lines.filter((line) => first.pattern.test(line.trimStart())).length >= MIN_DECLARATIONS;
}

function extractCode({ bytes, filename, mediaType }: ExtractionInput): ExtractedDocument {
  const { text, encoding } = decodeText(bytes, { mediaType });
  const language = languageByName(filename) ?? languageByContent(text.slice(0, 65_536));
  const lines = text.split('\n');
  const collector = createBlockCollector();
  for (const block of toBlocks(lines, splitLines(lines, language))) collector.add(block);
  const symbols = new Set(collector.blocks.flatMap(({ path }) => path?.join('.') ?? []));
  return {
    metadata: compactMetadata({
      encoding,
      programmingLanguage: language?.name === 'other' ? undefined : language?.name,
      lines: lines.at(-1) === '' ? lines.length - 1 : lines.length,
      symbols: [...symbols].slice(0, MAX_LISTED_SYMBOLS),
    }),
    blocks: collector.blocks,
  };
}

function splitLines(lines: string[], language: CodeLanguage | undefined): CodePart[] {
  if (language === undefined || lines.length > MAX_LINES) return [{ from: 0, to: lines.length, path: [] }];
  if (language.form === 'statements') return splitStatements(lines);
  return language.form === 'rules' ? splitRules(lines) : splitSymbols(lines, language);
}

/** One block a part; closing brackets alone go with what they close. */
function toBlocks(lines: string[], parts: CodePart[]): Block[] {
  const blocks: Block[] = [];
  for (const { from, to, path } of parts) {
    const text = lines.slice(from, to).join('\n');
    const last = blocks.at(-1);
    const isRest = !/[\p{L}\p{N}]/u.test(text) || /^\s*end\s*$/.test(text);
    if (isRest && last !== undefined) last.text += `\n${text}`;
    else blocks.push({ type: 'code', text, ...(path.length > 0 ? { path } : {}) });
  }
  return blocks;
}
