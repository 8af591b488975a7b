import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatPage } from '../../scripts/format-table.ts';
import { EXTRACTORS } from '../../src/modules/ingestion/extraction/extract.ts';
import { DOCUMENT_KINDS, type ExtractedDocument } from '../../src/modules/ingestion/extraction/extractor.ts';
import { FORMAT_FACTS, type FormatFacts } from '../../src/modules/ingestion/extraction/format-facts.ts';
import { KINDS_OF_DOCUMENTS, mixDocuments } from '../faults/mixed-documents.ts';
import { readRealDocument, realDocuments } from '../support/real-documents.ts';
import { extract } from './extraction.fixtures.ts';

const tried = new Set<string>();
const mixed = mixDocuments(KINDS_OF_DOCUMENTS, 1).filter(({ error }) => error === undefined);

/** What a document has that its format is not said to have. */
function unsaid(
  { metadata, measurements = {}, wanted = [], children = [], blocks }: ExtractedDocument,
  facts: FormatFacts,
) {
  const has = { time: false, name: false, numbered: false };
  for (const { time, path: names, page } of blocks) {
    has.time ||= time !== undefined;
    has.name ||= names !== undefined;
    has.numbered ||= page !== undefined;
  }
  const isNumbered = facts.places.some((place) => place === 'page' || place === 'slide' || place === 'sheet');
  return [
    ...Object.keys(metadata).filter((key) => key !== 'title' && !facts.metadata.includes(key)),
    ...Object.keys(measurements).filter((name) => !facts.measurements?.includes(name)),
    ...wanted.filter((step) => !facts.wanted?.includes(step)),
    ...(children.length > 0 && facts.children === undefined ? ['children'] : []),
    ...(has.time && !facts.places.includes('time') ? ['times'] : []),
    ...(has.name && !facts.places.includes('name') ? ['names'] : []),
    ...(has.numbered && !isNumbered ? ['pages'] : []),
  ];
}

describe('the page on formats', () => {
  it('is what the readers say of themselves', async () => {
    const committed = readFileSync(path.resolve(import.meta.dirname, '../../docs/formats.md'), 'utf8');
    expect(committed, 'npm run formats writes it anew').toBe(await formatPage());
  });

  it('speaks of every kind that is read', () => {
    expect(Object.keys(EXTRACTORS).sort()).toEqual([...DOCUMENT_KINDS].sort());
  });

  it.each(mixed)('names all that is kept of $name', async ({ bytes, name, type, children, planted }) => {
    const { kind, document } = await extract(bytes, name, type);
    tried.add(kind);
    expect(unsaid(document, FORMAT_FACTS[kind])).toEqual([]);
    expect(document.children ?? []).toHaveLength(children);
    const text = document.blocks.map((block) => block.text).join('\n');
    expect(planted.filter((word) => text.includes(word))).toHaveLength(planted.length - children);
  });

  it('tries every kind', () => {
    expect([...tried].sort()).toEqual([...DOCUMENT_KINDS].sort());
  });

  it.each(realDocuments().filter((entry) => ['text', 'metadata'].includes(entry.expect)))(
    'names all that is kept of $file',
    async ({ file }) => {
      const { kind, document } = await extract(new Uint8Array(readRealDocument(file)), file);
      expect(unsaid(document, FORMAT_FACTS[kind])).toEqual([]);
    },
  );
});
