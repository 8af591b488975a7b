import { attribute, elementsOf, textIn, type XmlElement } from './xml-tree.ts';

/** A file that the book lists: its path in the archive. */
export type BookItem = { path: string; mediaType: string; isNavigation: boolean };

/** What a book's package document says: facts, and the chapters in the order of reading. */
export type BookPackage = {
  /** Values of Dublin Core elements and of `meta` by name (`title`, `creator`, `dcterms:modified`), in order. */
  facts: Map<string, string[]>;
  spine: BookItem[];
  /** Path of the table of contents of EPUB 2. */
  ncx: string | undefined;
  navigation: string | undefined;
};

const MAX_FACTS = 200;

/** Where the package document lies, as `META-INF/container.xml` says. */
export function rootFileOf(container: XmlElement): string | undefined {
  const [file] = elementsOf(container, 'rootfile').map((node) => attribute(node, 'full-path'));
  return file === undefined || file === '' ? undefined : file;
}

/** Reads a package document that lies at that path. */
export function readPackage(root: XmlElement, at: string): BookPackage {
  const items = new Map(
    elementsOf(root, 'item').map((node): [string, BookItem] => [
      attribute(node, 'id'),
      {
        path: resolvePath(at, attribute(node, 'href')),
        mediaType: attribute(node, 'media-type'),
        isNavigation: attribute(node, 'properties').split(/\s+/).includes('nav'),
      },
    ]),
  );
  const [spine] = elementsOf(root, 'spine');
  // A chapter that is listed again and again is read once.
  const ids = new Set(
    (spine === undefined ? [] : elementsOf(spine, 'itemref')).map((node) => attribute(node, 'idref')),
  );
  const ncx = items.get(spine === undefined ? '' : attribute(spine, 'toc')) ?? findByType(items, /dtbncx/);
  return {
    facts: readFacts(root),
    spine: [...ids].flatMap((id) => items.get(id) ?? []),
    ncx: ncx?.path,
    navigation: [...items.values()].find((item) => item.isNavigation)?.path,
  };
}

/** The path that a reference in a file leads to: decoded, without fragment, within the archive. */
export function resolvePath(from: string, reference: string): string {
  const [target = ''] = reference.split('#');
  const parts = target.startsWith('/') ? [] : from.split('/').slice(0, -1);
  for (const part of decodeReference(target).split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/');
}

function decodeReference(reference: string): string {
  try {
    return decodeURIComponent(reference);
  } catch {
    return reference;
  }
}

function findByType(items: Map<string, BookItem>, type: RegExp): BookItem | undefined {
  return [...items.values()].find((item) => type.test(item.mediaType));
}

function readFacts(root: XmlElement): Map<string, string[]> {
  const facts = new Map<string, string[]>();
  const stated = elementsOf(root, 'metadata').flatMap((node) => node.children);
  for (const node of stated.slice(0, MAX_FACTS)) {
    const isMeta = node.name === 'meta';
    const name = isMeta ? attribute(node, 'property') || attribute(node, 'name') : node.name;
    const value = ((isMeta && attribute(node, 'content')) || textIn(node)).trim();
    if (value !== '') facts.set(name, [...(facts.get(name) ?? []), value]);
  }
  return facts;
}
