import { compactMetadata, createBlockCollector } from './blocks.ts';
import { detectDelimiter, readDeclaredDelimiter } from './csv-dialect.ts';
import { splitRows } from './csv-rows.ts';
import { readValue } from './csv-values.ts';
import { decodeText } from './decode.ts';
import type { ExtractedDocument, ExtractionInput, Extractor } from './extractor.ts';
import { createTableReader, MAX_COLUMNS } from './tables.ts';

/** Values set apart by commas, semicolons, tabs or bars, in any common encoding. */
export const csvExtractor: Extractor = {
  kind: 'csv',
  version: 'csv/rows@1',
  extract: async (input) => extractCsv(input),
};

/** More than can be kept as text of a table, in any encoding. */
export const MAX_DECODED_BYTES = 12 * 1024 * 1024;

function extractCsv({ bytes, filename, mediaType }: ExtractionInput): ExtractedDocument {
  const { text, encoding } = decodeText(bytes.subarray(0, MAX_DECODED_BYTES), { mediaType });
  const isCut = bytes.length > MAX_DECODED_BYTES;
  const { delimiter: declared, body } = readDeclaredDelimiter(isCut ? text.slice(0, text.lastIndexOf('\n') + 1) : text);
  const delimiter = declared ?? detectDelimiter(body, filename);
  const collector = createBlockCollector();
  const reader = createTableReader(collector);
  const writer = reader.sheet();
  let isFull = false;
  for (const values of splitRows(body, { delimiter, maxValues: MAX_COLUMNS + 1 })) {
    isFull = !writer.row(values.map(readValue));
    if (isFull) break;
  }
  writer.end(isFull || isCut ? { isCut: true, rowsInAll: countLines(bytes) } : {});
  const name = DELIMITER_NAMES.get(delimiter) ?? delimiter;
  return {
    metadata: compactMetadata({ encoding, delimiter: name, ...reader.facts() }),
    blocks: collector.blocks,
    measurements: reader.measurements(),
  };
}

const DELIMITER_NAMES = new Map([
  [',', 'comma'],
  [';', 'semicolon'],
  ['\t', 'tab'],
  ['|', 'bar'],
]);

function countLines(bytes: Uint8Array): number {
  let lines = 0;
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) lines++;
  return lines;
}
