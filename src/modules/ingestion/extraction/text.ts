import { createBlockCollector } from './blocks.ts';
import { decodeText } from './decode.ts';
import type { Block, ExtractedDocument, ExtractionInput, Extractor } from './extractor.ts';

/** Plain text: paragraphs between empty lines, line breaks kept as they are; chapter lines become headings. */
export const textExtractor: Extractor = {
  kind: 'text',
  version: 'text/plain@2',
  extract: async (input) => extractText(input),
};

const MAX_HEADING_CHARACTERS = 80;
const DIVISION =
  /^(?<division>volume|book|part|chapter|act|appendix|section|scene)\s+(?:\d+|[ivxlcdm]+|[a-z]|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty)\b/i;
const DIVISION_LEVELS = new Map([
  ['volume', 1],
  ['book', 1],
  ['part', 1],
  ['chapter', 2],
  ['act', 2],
  ['appendix', 2],
  ['section', 3],
  ['scene', 3],
]);

function extractText({ bytes, mediaType }: ExtractionInput): ExtractedDocument {
  const { text, encoding } = decodeText(bytes, { mediaType });
  const collector = createBlockCollector();
  for (const paragraph of text.split(/\n[^\S\n]*\n\s*/)) collector.add(toBlock(paragraph));
  return { metadata: { encoding }, blocks: collector.blocks };
}

function toBlock(paragraph: string): Block {
  const line = paragraph.trim();
  const isHeading = line.length <= MAX_HEADING_CHARACTERS && !line.includes('\n') && !/[,;.]$/.test(line);
  const division = isHeading ? DIVISION.exec(line)?.groups?.division : undefined;
  const level = division === undefined ? undefined : DIVISION_LEVELS.get(division.toLowerCase());
  return level === undefined ? { type: 'paragraph', text: paragraph } : { type: 'heading', level, text: line };
}
