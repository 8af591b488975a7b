import { type BlockCollector, cleanTitle, compactMetadata, createBlockCollector, titleFromHeadings } from './blocks.ts';
import { decodeText } from './decode.ts';
import { type ExtractedDocument, ExtractionError, type ExtractionInput, type Extractor } from './extractor.ts';
import { type Json, parseJson } from './json-text.ts';
import { createLinkCollector } from './links.ts';
import { addMarkdown, type MarkdownSink } from './markdown.ts';

/** Jupyter notebooks (nbformat 3 and 4): text cells as Markdown, code cells with the beginning of what they printed. */
export const notebookExtractor: Extractor = {
  kind: 'notebook',
  version: 'notebook/marked@1',
  extract: extractNotebook,
};

/** What a cell printed is shown as far as a person reads it: logs of trainings run to megabytes. */
export const MAX_OUTPUT_CHARACTERS = 2000;
export const MAX_OUTPUTS_PER_CELL = 20;
/** Colours and movements of the cursor, as terminals get them. */
const ESCAPE_SEQUENCES = new RegExp(`${String.fromCharCode(0x1b)}\\[[\\d;?]*[A-Za-z]`, 'g');

type Fields = Record<string, Json>;

async function extractNotebook({ bytes, mediaType }: ExtractionInput): Promise<ExtractedDocument> {
  const notebook = parseJson(decodeText(bytes, { mediaType }).text);
  const cells = isFields(notebook) ? cellsOf(notebook) : undefined;
  if (!isFields(notebook) || cells === undefined) throw noCells();
  const sink: MarkdownSink = { collector: createBlockCollector(), links: createLinkCollector() };
  for (const cell of cells) await addCell(cell, sink);
  const metadata = fieldsOf(notebook['metadata']);
  const { blocks } = sink.collector;
  const title = cleanTitle(stringOf(metadata['title']) || stringOf(metadata['name'])) ?? titleFromHeadings(blocks);
  return {
    ...(title === undefined ? {} : { title }),
    metadata: compactMetadata({
      author: authorsOf(metadata),
      programmingLanguage: languageOf(metadata, cells),
      kernel: stringOf(fieldsOf(metadata['kernelspec'])['display_name']),
      cells: cells.length,
      links: sink.links.urls(),
    }),
    blocks,
  };
}

/** Of version 4 the notebook's own, of version 3 those of its sheets. */
function cellsOf(notebook: Fields): Fields[] | undefined {
  const { cells, worksheets } = notebook;
  if (Array.isArray(cells)) return cells.map(fieldsOf);
  if (Array.isArray(worksheets)) return worksheets.flatMap((sheet) => listOf(fieldsOf(sheet)['cells']).map(fieldsOf));
  return undefined;
}

async function addCell(cell: Fields, sink: MarkdownSink): Promise<void> {
  const source = textOf(cell['source'] ?? cell['input']);
  switch (cell['cell_type']) {
    case 'code':
      sink.collector.add({ type: 'code', text: source });
      for (const output of listOf(cell['outputs']).slice(0, MAX_OUTPUTS_PER_CELL))
        addOutput(fieldsOf(output), sink.collector);
      break;
    case 'heading':
      sink.collector.add({ type: 'heading', level: headingLevel(cell['level']), text: source.replace(/\s+/g, ' ') });
      break;
    case 'raw':
      sink.collector.add({ type: 'paragraph', text: source });
      break;
    default:
      await addMarkdown(source, sink);
  }
}

/** Streams, results as plain text, and what an error says. Pictures and widgets have no text. */
function addOutput(output: Fields, collector: BlockCollector): void {
  const data = fieldsOf(output['data']);
  const error = [output['ename'], output['evalue']].map(stringOf).filter((part) => part !== '');
  const text = error.length > 0 ? error.join(': ') : textOf(output['text'] ?? data['text/plain']);
  if (/^<[\w.]+( object)? at 0x[\da-f]+>$|^<Figure size .*>$/.test(text.trim())) return;
  const plain = text.slice(0, 2 * MAX_OUTPUT_CHARACTERS).replace(ESCAPE_SEQUENCES, '');
  const isCut = text.length > 2 * MAX_OUTPUT_CHARACTERS || plain.length > MAX_OUTPUT_CHARACTERS;
  collector.add({ type: 'code', text: isCut ? `${plain.slice(0, MAX_OUTPUT_CHARACTERS).toWellFormed()}…` : plain });
}

function authorsOf(metadata: Fields): string {
  return listOf(metadata['authors'])
    .slice(0, 20)
    .map((author) => stringOf(author) || stringOf(fieldsOf(author)['name']))
    .filter((name) => name !== '')
    .join(', ');
}

function languageOf(metadata: Fields, cells: Fields[]): string {
  return (
    stringOf(fieldsOf(metadata['language_info'])['name']) ||
    stringOf(fieldsOf(metadata['kernelspec'])['language']) ||
    stringOf(cells.find((cell) => cell['cell_type'] === 'code')?.['language'])
  );
}

const headingLevel = (level: Json | undefined) =>
  typeof level === 'number' ? Math.min(6, Math.max(1, Math.round(level))) : 1;

/** Texts are kept as one string or as a list of lines. */
const textOf = (value: Json | undefined): string =>
  Array.isArray(value) ? value.map(stringOf).join('') : stringOf(value);

const stringOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

const listOf = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);

const fieldsOf = (value: Json | undefined): Fields => (isFields(value) ? value : {});

const isFields = (value: Json | undefined): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function noCells(): ExtractionError {
  return new ExtractionError(
    'malformed',
    'The notebook holds no list of cells. Open it in Jupyter, save it anew and upload it again.',
  );
}
