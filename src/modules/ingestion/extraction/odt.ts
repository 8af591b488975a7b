import { cleanTitle, compactMetadata, createBlockCollector, createTextList, titleFromHeadings } from './blocks.ts';
import type { ExtractedDocument, ExtractionInput, Extractor } from './extractor.ts';
import { createLinkCollector } from './links.ts';
import { addOdfElement, flatText, type OdfSink } from './odf-blocks.ts';
import { createOdfObjects } from './odf-objects.ts';
import { childrenOf, descendantsOf, type XmlElement } from './office-xml.ts';
import { createStyles, openDocument, readMeta, STYLE_ELEMENTS } from './opendocument.ts';

/** OpenDocument texts: headings, lists, tables, notes, comments, then page headers and footers; deleted text left out. */
export const odtExtractor: Extractor = {
  kind: 'odt',
  version: 'odt/saxes@1',
  extract: extractOdt,
};

async function extractOdt({ bytes }: ExtractionInput): Promise<ExtractedDocument> {
  const file = await openDocument(bytes);
  const collector = createBlockCollector();
  const links = createLinkCollector();
  const styles = createStyles();
  const shared = await file.tree('styles.xml');
  for (const element of childrenOf(shared).flatMap((group) => childrenOf(group))) {
    if (STYLE_ELEMENTS.has(element.name)) styles.add(element);
  }
  const notes = createTextList();
  const objects = createOdfObjects();
  const sink: OdfSink = {
    add: collector.add,
    styles,
    links,
    note: notes.add,
    object: objects.add,
    numbers: new Map(),
  };
  await file.content({
    isWanted({ name }, above) {
      if (STYLE_ELEMENTS.has(name)) return true;
      const parent = above.at(-1)?.name;
      return (parent === 'office:text' || parent === 'text:section') && name !== 'text:section';
    },
    take(element) {
      if (STYLE_ELEMENTS.has(element.name)) styles.add(element);
      else addOdfElement(element, sink);
    },
  });
  await objects.read(file, () => ({ ...sink, object: () => {} }));
  for (const text of notes.texts) collector.add({ type: 'list-item', text });
  for (const text of runningLines(shared)) collector.add({ type: 'paragraph', text });
  const { title: stated, metadata } = await readMeta(file);
  const title = cleanTitle(stated) ?? titleFromHeadings(collector.blocks);
  return {
    ...(title === undefined ? {} : { title }),
    metadata: compactMetadata({ ...metadata, links: links.urls() }),
    blocks: collector.blocks,
  };
}

const RUNNING = [
  'style:header',
  'style:header-left',
  'style:header-first',
  'style:footer',
  'style:footer-left',
  'style:footer-first',
];

/** Lines of page headers and footers, each once, without page numbers. */
function runningLines(styles: XmlElement | undefined): string[] {
  const pages = descendantsOf(styles, 'style:master-page');
  const lines = pages.flatMap((page) =>
    childrenOf(page)
      .filter(({ name }) => RUNNING.includes(name))
      .flatMap((part) => descendantsOf(part, 'text:p'))
      .map((paragraph) => flatText({ name: '', attributes: {}, children: [paragraph] })),
  );
  return [...new Set(lines)].filter((line) => /\p{L}/u.test(line));
}
