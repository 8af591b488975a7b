import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { MAX_BLOCKS, MAX_EXTRACTED_CHARACTERS } from '../src/modules/ingestion/extraction/blocks.ts';
import { EXTRACTORS, MAX_EXTRACTABLE_BYTES } from '../src/modules/ingestion/extraction/extract.ts';
import { DOCUMENT_KINDS, type DocumentKind, type ModelStep } from '../src/modules/ingestion/extraction/extractor.ts';
import { FORMAT_FACTS, type FormatFacts } from '../src/modules/ingestion/extraction/format-facts.ts';
import { KIND_NAMES } from '../src/modules/ingestion/extraction/formats.ts';
import { MAX_COMPRESSION_RATIO, MAX_ENTRIES, MAX_UNCOMPRESSED_BYTES } from '../src/modules/ingestion/extraction/zip.ts';
import { ROOT } from './project.ts';

/** The page on formats, made from the readers themselves: their versions, their limits, and what is said beside them. */

const PLACE_NAMES: Record<FormatFacts['places'][number], string> = {
  page: 'the page',
  slide: 'the slide',
  sheet: 'the sheet',
  time: 'the time',
  name: 'the name that it stands under',
};
const STEP_NAMES: Record<ModelStep, string> = {
  ocr: 'text in pictures',
  caption: 'what is to be seen',
  transcript: 'what is said',
  markdown: 'a conversion',
};

export async function formatPage(): Promise<string> {
  const versions = await packageVersions();
  const rows = DOCUMENT_KINDS.flatMap((kind) => {
    const extractor = EXTRACTORS[kind];
    if (extractor === undefined) return [];
    return [rowOf(kind, { facts: FORMAT_FACTS[kind], reader: extractor.version, versions })];
  });
  return `# Formats

Made by \`npm run formats\` from the readers in \`src/modules/ingestion/extraction/\`; a test fails when it is not up to date.

What a file is, its content says; name and declared type only decide where the content leaves it open. Of all formats: at
most ${count(MAX_EXTRACTABLE_BYTES / 1024 / 1024)} MB are read (of larger films and recordings, what they say of themselves), ${count(MAX_EXTRACTED_CHARACTERS)} characters of text and ${count(MAX_BLOCKS)} paragraphs kept, and of what is packed (Office,
OpenDocument, EPUB, ZIP) ${count(MAX_ENTRIES)} parts, ${count(MAX_UNCOMPRESSED_BYTES / 1024 / 1024)} MB unpacked, ${MAX_COMPRESSION_RATIO} times the packed size. A file beyond a limit, damaged,
encrypted or of another format becomes a document that has \`failed\`, with a reason that says what to do. A title is kept
where there is one. What a model would have to read (*with a model*) is \`unavailable\` until one is configured; then it is
added.

| format | names and types | what is read | what is kept beside it | limits | read by |
|---|---|---|---|---|---|
${rows.join('\n')}
`;
}

type Described = { facts: FormatFacts; reader: string; versions: Record<string, string> };

function rowOf(kind: DocumentKind, { facts, reader, versions }: Described): string {
  const names = [...facts.extensions.map((extension) => `.${extension}`), ...facts.mediaTypes];
  const libraries = facts.libraries.map((name) => `${name} ${versionOf(name, versions)}`);
  const cells = [
    KIND_NAMES[kind].replace(/^an? /, ''),
    quoted(names),
    facts.read,
    keptOf(facts).join('; '),
    facts.limits.join('; '),
    [`\`${reader}\``, ...(libraries.length > 0 ? libraries : ['own code'])].join(', '),
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function keptOf({ places, metadata, measurements = [], children, wanted = [] }: FormatFacts): string[] {
  const measured = quoted(measurements.map((name) => `measurements.${name}`));
  return [
    ...(places.length > 0 ? [`of each passage ${places.map((place) => PLACE_NAMES[place]).join(' and ')}`] : []),
    ...(metadata.length > 0 ? [quoted(metadata)] : []),
    ...(measured === '' ? [] : [measured]),
    ...(children === undefined ? [] : [`as documents of their own: ${children}`]),
    ...(wanted.length > 0 ? [`*with a model* ${wanted.map((step) => STEP_NAMES[step]).join(', ')}`] : []),
  ];
}

const quoted = (names: string[]) => [...new Set(names)].map((name) => `\`${name}\``).join(', ');

const count = (value: number) => value.toLocaleString('en');

function versionOf(name: string, versions: Record<string, string>): string {
  const version = versions[name];
  if (version === undefined) throw new Error(`format-facts.ts names ${name}, which package.json does not.`);
  return version;
}

async function packageVersions(): Promise<Record<string, string>> {
  const { dependencies }: { dependencies: Record<string, string> } = JSON.parse(
    await readFile(path.join(ROOT, 'package.json'), 'utf8'),
  );
  return dependencies;
}
