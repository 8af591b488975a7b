import { cleanTitle, compactMetadata, createBlockCollector, titleFromHeadings } from './blocks.ts';
import type { Block, ExtractedDocument, ExtractionInput, Extractor } from './extractor.ts';
import { createLinkCollector } from './links.ts';
import { addOdfElement, flatText, type OdfSink } from './odf-blocks.ts';
import { createOdfObjects } from './odf-objects.ts';
import { childAt, childrenOf, type XmlElement } from './office-xml.ts';
import { createStyles, openDocument, readMeta, STYLE_ELEMENTS } from './opendocument.ts';

/** OpenDocument presentations: slides with titles, lists, tables, descriptions, notes and comments. */
export const odpExtractor: Extractor = {
  kind: 'odp',
  version: 'odp/saxes@1',
  extract: extractOdp,
};

async function extractOdp({ bytes }: ExtractionInput): Promise<ExtractedDocument> {
  const file = await openDocument(bytes);
  const collector = createBlockCollector();
  const links = createLinkCollector();
  const styles = createStyles();
  const hidden: string[] = [];
  let page = 0;
  const add = (block: Block) => collector.add({ ...block, page });
  const objects = createOdfObjects();
  const object = (href: string) => objects.add(href, page);
  const sink: OdfSink = { add, styles, links, note: () => {}, object, numbers: new Map() };
  await file.content({
    isWanted: ({ name }, above) =>
      STYLE_ELEMENTS.has(name) || (name === 'draw:page' && above.at(-1)?.name === 'office:presentation'),
    take(element) {
      if (STYLE_ELEMENTS.has(element.name)) return styles.add(element);
      page++;
      if (styles.isHidden(element.attributes['draw:style-name'])) hidden.push(String(page));
      addSlide(element, sink);
    },
  });
  await objects.read(file, (of = 0) => ({
    ...sink,
    add: (block) => collector.add({ ...block, page: of }),
    object: () => {},
  }));
  // What was read last stands on the slide that holds it.
  const blocks = collector.blocks.toSorted((a, b) => (a.page ?? 0) - (b.page ?? 0));
  const { title: stated, metadata } = await readMeta(file);
  const title = cleanTitle(stated) ?? titleFromHeadings(blocks);
  return {
    ...(title === undefined ? {} : { title }),
    metadata: compactMetadata({ ...metadata, hiddenSlides: hidden.slice(0, MAX_LISTED), links: links.urls() }),
    pageCount: page,
    blocks,
  };
}

const MAX_LISTED = 500;

/** What stands there for the show and not for the reader. */
const WITHOUT_WORDS = new Set(['date-time', 'footer', 'header', 'page', 'page-number']);

function addSlide(slide: XmlElement, sink: OdfSink): void {
  const shapes = childrenOf(slide).filter((shape) => isShown(shape));
  const hasSubtitle = shapes.some((shape) => placeOf(shape) === 'subtitle');
  for (const shape of shapes.filter((one) => placeOf(one) === 'title')) {
    const text = flatText(shape);
    if (text !== '') sink.add({ type: 'heading', level: hasSubtitle ? 1 : 2, text });
  }
  for (const shape of shapes) if (placeOf(shape) !== 'title') addOdfElement(shape, sink);
  const notes = childrenOf(childAt(slide, 'presentation:notes')).filter((shape) => isShown(shape));
  const lines: string[] = [];
  for (const shape of notes) addOdfElement(shape, { ...sink, add: ({ text }) => void lines.push(text) });
  if (lines.length > 0) sink.add({ type: 'quote', text: lines.join('\n') });
}

const placeOf = ({ attributes }: XmlElement) => attributes['presentation:class'] ?? '';

function isShown(shape: XmlElement): boolean {
  return !WITHOUT_WORDS.has(placeOf(shape)) && shape.attributes['presentation:placeholder'] !== 'true';
}
