import { compactMetadata, toIsoDate } from './blocks.ts';
import { type ExtractedDocument, ExtractionError } from './extractor.ts';
import { missingPart, openPackage } from './office-package.ts';
import { childAt, childrenOf, type OpenElement, parseXml, readXml, textIn, type XmlElement } from './office-xml.ts';

/** What texts, presentations and spreadsheets of OpenDocument have in common: their parts, properties and styles. */

/** An opened file; its names are qualified, `text:p`, because the same word means different things in different places. */
export type OpenDocument = {
  /** Hands over the elements of the content as they are unpacked. */
  content(visitor: ContentVisitor): Promise<void>;
  /** The part as a tree, or undefined when it is not there. */
  tree(name: string): Promise<XmlElement | undefined>;
};

/** Who is told what of the content; `above` are the elements in which it stands, outermost first. */
export type ContentVisitor = {
  isWanted(element: OpenElement, above: readonly OpenElement[]): boolean;
  take(element: XmlElement, above: readonly OpenElement[]): unknown;
  enter?(element: OpenElement, above: readonly OpenElement[]): void;
  leave?(element: OpenElement): void;
};

/** Opens an OpenDocument file. Throws `encrypted` when it has a password. */
export async function openDocument(bytes: Uint8Array): Promise<OpenDocument> {
  const file = openPackage(bytes);
  const tree = async (name: string) => {
    const chunks = await file.stream(name);
    return chunks === undefined ? undefined : await parseXml(chunks, { naming: 'qualified' });
  };
  const manifest = await tree('META-INF/manifest.xml');
  const entries = childrenOf(manifest, 'manifest:file-entry');
  if (entries.some((entry) => childAt(entry, 'manifest:encryption-data') !== undefined)) throw encrypted();
  return {
    tree,
    async content(visitor) {
      const chunks = await file.stream('content.xml');
      if (chunks === undefined) throw missingPart('content.xml');
      const above: OpenElement[] = [];
      await readXml(chunks, {
        naming: 'qualified',
        visitor: {
          isWanted: (element) => visitor.isWanted(element, above),
          take: (element) => visitor.take(element, above),
          enter(element) {
            visitor.enter?.(element, above);
            above.push(element);
          },
          leave(element) {
            above.pop();
            visitor.leave?.(element);
          },
        },
      });
    },
  };
}

/** What the file says about itself: its title, and facts in the form of metadata. */
export async function readMeta(
  file: OpenDocument,
): Promise<{ title: string | undefined; metadata: ExtractedDocument['metadata'] }> {
  const meta = childAt(await file.tree('meta.xml'), 'office:meta');
  const property = (name: string) => {
    const value = textIn(childAt(meta, name)).trim();
    return value === '' ? undefined : value;
  };
  const keywords = childrenOf(meta, 'meta:keyword').map((keyword) => textIn(keyword).trim());
  return {
    title: property('dc:title'),
    metadata: compactMetadata({
      author: property('meta:initial-creator') ?? property('dc:creator'),
      description: property('dc:description') ?? property('dc:subject'),
      language: property('dc:language'),
      tags: [...new Set(keywords.filter((keyword) => keyword !== ''))].slice(0, 50),
      createdAt: toIsoDate(property('meta:creation-date')),
      modifiedAt: toIsoDate(property('dc:date')),
    }),
  };
}

/** What a style makes of what has it. */
export type OdfStyle = {
  parent: string | undefined;
  /** A sheet or slide that is not shown. */
  isHidden: boolean;
};

/** Styles by name, of which the content has its own and those of the file. */
export type OdfStyles = {
  add(element: XmlElement): void;
  isHidden(name: string | undefined): boolean;
  /** Whether the style is the named one, or stands on it. */
  isA(name: string | undefined, ancestor: string): boolean;
  /** Whether the list numbers its items on this level from 1. */
  isNumbered(list: string | undefined, level: number): boolean;
};

export const STYLE_ELEMENTS = new Set(['style:style', 'text:list-style']);

/** Styles may stand on each other in a circle in a damaged file. */
const MAX_INHERITANCE = 12;

/** No styles yet. */
export function createStyles(): OdfStyles {
  const styles = new Map<string, OdfStyle>();
  const numbered = new Map<string, Set<number>>();
  return {
    add(element) {
      const name = element.attributes['style:name'] ?? '';
      if (element.name === 'text:list-style') numbered.set(name, numberedLevels(element));
      else styles.set(name, readStyle(element));
    },
    isHidden: (name) => styles.get(name ?? '')?.isHidden === true,
    isA(name, ancestor) {
      let current = name;
      for (let i = 0; i < MAX_INHERITANCE && current !== undefined; i++) {
        if (current === ancestor) return true;
        current = styles.get(current)?.parent;
      }
      return false;
    },
    isNumbered: (list, level) => numbered.get(list ?? '')?.has(level) === true,
  };
}

function readStyle(element: XmlElement): OdfStyle {
  const table = childAt(element, 'style:table-properties')?.attributes['table:display'];
  const page = childAt(element, 'style:drawing-page-properties')?.attributes['presentation:visibility'];
  return { parent: element.attributes['style:parent-style-name'], isHidden: table === 'false' || page === 'hidden' };
}

function numberedLevels(list: XmlElement): Set<number> {
  const levels = childrenOf(list, 'text:list-level-style-number');
  const shown = levels.filter(({ attributes }) => (attributes['style:num-format'] ?? '') !== '');
  return new Set(shown.map(({ attributes }) => Number(attributes['text:level'])));
}

function encrypted(): ExtractionError {
  return new ExtractionError(
    'encrypted',
    'The document is protected with a password. Save it without a password (File › Save As) and upload it again.',
  );
}
