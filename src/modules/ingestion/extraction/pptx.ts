import { cleanTitle, compactMetadata, createBlockCollector, titleFromHeadings } from './blocks.ts';
import { readShapes } from './drawing-shapes.ts';
import { drawingLines } from './drawing-text.ts';
import {
  type Block,
  type ExtractedDocument,
  ExtractionError,
  type ExtractionInput,
  type Extractor,
} from './extractor.ts';
import { createLinkCollector, type LinkCollector } from './links.ts';
import {
  findMainPart,
  missingPart,
  type OfficePackage,
  openPackage,
  type Relationship,
  readProperties,
  relationshipId,
} from './office-package.ts';
import { childAt, childrenOf, descendantsOf, textIn, type XmlElement } from './office-xml.ts';

/** PowerPoint presentations: slides in their order with tables, charts, diagrams, descriptions, notes and comments. */
export const pptxExtractor: Extractor = {
  kind: 'pptx',
  version: 'pptx/saxes@1',
  extract: extractPptx,
};

/** PowerPoint stays usable up to some hundred. */
export const MAX_SLIDES = 5000;
const MAX_LISTED = 500;

/** Titles that programs give by themselves. */
const AUTOMATIC_TITLE = /^(PowerPoint[- ]\w+|.*\bPowerPoint\b.*|Slide 1|Presentation|Title)$/i;

async function extractPptx({ bytes }: ExtractionInput): Promise<ExtractedDocument> {
  const file = openPackage(bytes);
  const show = await openShow(file);
  const collector = createBlockCollector();
  const links = createLinkCollector();
  const hidden: string[] = [];
  const footers = new Set<string>();
  for (const [index, slide] of show.slides.entries()) {
    const page = index + 1;
    const path = slide.section === undefined ? {} : { path: [slide.section] };
    const { blocks, isHidden } = await readSlide(slide.part, { file, show, links, footers });
    for (const block of blocks) collector.add({ ...block, page, ...path });
    if (isHidden) hidden.push(String(page));
  }
  const properties = await readProperties(file);
  const stated = AUTOMATIC_TITLE.test(properties.title ?? '') ? undefined : cleanTitle(properties.title);
  const title = stated ?? titleFromHeadings(collector.blocks);
  return {
    ...(title === undefined ? {} : { title }),
    metadata: compactMetadata({
      ...properties.metadata,
      hiddenSlides: hidden.slice(0, MAX_LISTED),
      links: links.urls(),
    }),
    pageCount: show.slides.length,
    blocks: collector.blocks,
  };
}

type Show = {
  slides: { part: string; section: string | undefined }[];
  /** Names of those who commented, by id. */
  authors: Map<string, string>;
};

async function openShow(file: OfficePackage): Promise<Show> {
  const main = await findMainPart(file, 'ppt/presentation.xml');
  const root = await file.tree(main);
  const targets = await file.relationships(main);
  const sections = readSections(root);
  const listed = childrenOf(childAt(root, 'sldIdLst'), 'sldId');
  if (listed.length > MAX_SLIDES) throw tooManySlides();
  const slides = listed.flatMap((element) => {
    const part = targets.get(relationshipId(element) ?? '')?.target;
    if (part === undefined || !file.has(part)) return [];
    return [{ part, section: sections.get(element.attributes['id'] ?? '') }];
  });
  if (slides.length === 0 && listed.length > 0) throw missingPart('ppt/slides/slide1.xml');
  return { slides, authors: await readAuthors(file, targets) };
}

/** Names of sections by the ids of their slides. */
function readSections(presentation: XmlElement | undefined): Map<string, string> {
  const sections = descendantsOf(childAt(presentation, 'extLst'), 'section');
  return new Map(
    sections.flatMap((section) => {
      const name = cleanTitle(section.attributes['name']);
      const slides = descendantsOf(section, 'sldId');
      return name === undefined ? [] : slides.map((slide): [string, string] => [slide.attributes['id'] ?? '', name]);
    }),
  );
}

async function readAuthors(file: OfficePackage, targets: Map<string, Relationship>): Promise<Map<string, string>> {
  const authors = new Map<string, string>();
  for (const { type, target } of targets.values()) {
    if (type !== 'commentAuthors' && type !== 'authors') continue;
    for (const { attributes } of childrenOf(await file.tree(target))) {
      authors.set(attributes['id'] ?? '', attributes['name'] ?? '');
    }
  }
  return authors;
}

type SlideContext = { file: OfficePackage; show: Show; links: LinkCollector; footers: Set<string> };

/** What stands there for the show and not for the reader: date, page number, the picture of the slide in its notes. */
const WITHOUT_WORDS = new Set(['dt', 'sldNum', 'sldImg', 'hdr']);

async function readSlide(part: string, context: SlideContext): Promise<{ blocks: Block[]; isHidden: boolean }> {
  const { file, links, footers } = context;
  const root = await file.tree(part);
  const relationships = await file.relationships(part);
  const shapes = await readShapes(childAt(root, 'cSld', 'spTree'), { file, relationships });
  const titles = shapes.filter(({ blocks }) => blocks[0]?.type === 'heading');
  const others = shapes.filter(({ placeholder }) => placeholder === undefined || !/itle$/.test(placeholder));
  const subtitles = shapes.filter(({ placeholder }) => placeholder === 'subTitle');
  const blocks = [...titles, ...subtitles, ...others].flatMap((shape) => {
    if (WITHOUT_WORDS.has(shape.placeholder ?? '')) return [];
    return shape.placeholder === 'ftr' ? newFooters(shape.blocks, footers) : shape.blocks;
  });
  for (const relationship of relationships.values()) {
    if (relationship.type === 'notesSlide') blocks.push(...(await readNotes(relationship.target, context)));
    if (relationship.type === 'comments') blocks.push(...(await readComments(relationship.target, context)));
    if (relationship.type === 'hyperlink') links.add(relationship.target);
  }
  return { blocks, isHidden: /^(0|false)$/.test(root?.attributes['show'] ?? '') };
}

/** The line that stands at the foot of all slides, where it stands first. */
function newFooters(blocks: Block[], footers: Set<string>): Block[] {
  return blocks.filter(({ text }) => {
    const isNew = !footers.has(text);
    footers.add(text);
    return isNew;
  });
}

async function readNotes(part: string, { file }: SlideContext): Promise<Block[]> {
  const root = await file.tree(part);
  const shapes = await readShapes(childAt(root, 'cSld', 'spTree'), { file, relationships: new Map() });
  const texts = shapes
    .filter(({ placeholder = '' }) => !WITHOUT_WORDS.has(placeholder) && placeholder !== 'ftr')
    .flatMap(({ blocks }) => blocks.map(({ text }) => text));
  return texts.length === 0 ? [] : [{ type: 'quote', text: texts.join('\n') }];
}

/** Comments and the answers to them, in the old form (`text`) and the new one (`txBody`). */
async function readComments(part: string, { file, show }: SlideContext): Promise<Block[]> {
  const root = await file.tree(part);
  return descendantsOf(root, 'cm').flatMap((comment) =>
    [comment, ...descendantsOf(comment, 'reply')].flatMap((said): Block[] => {
      const body = childAt(said, 'txBody');
      const text = body === undefined ? textIn(childAt(said, 'text')) : drawingLines(body).join('\n');
      const author = show.authors.get(said.attributes['authorId'] ?? '') ?? '';
      return text.trim() === '' ? [] : [{ type: 'quote', text: author === '' ? text : `${author}: ${text}` }];
    }),
  );
}

function tooManySlides(): ExtractionError {
  return new ExtractionError(
    'too_large',
    `The presentation has more than ${MAX_SLIDES} slides. Split it into parts and upload them one by one.`,
  );
}
