import { tooMuchText } from './blocks.ts';
import { ExtractionError } from './extractor.ts';

/** One element of an XML document with all that is in it. */
export type XmlElement = {
  name: string;
  attributes: Readonly<Record<string, string>>;
  children: (XmlElement | string)[];
};

/** An element that has begun and whose content is still to come. */
export type OpenElement = Pick<XmlElement, 'name' | 'attributes'>;

/** Who is told what while XML is read: whole elements of some names, one at a time, and where they stand. */
export type XmlVisitor = {
  /** Whether an element is wanted as a whole: what is in it comes with it and is not asked for. */
  isWanted(element: OpenElement, depth: number): boolean;
  /** Takes a wanted element. `false` ends the reading. */
  take(element: XmlElement): unknown;
  enter?(element: OpenElement): void;
  leave?(element: OpenElement): void;
};

/** Office writes `a:t` where others write `x:t` or `t`: in its formats the part after the colon is enough. */
export type XmlNaming = 'local' | 'qualified';

/** Real documents nest some thirty deep, and what walks a tree does so by recursion. */
const MAX_DEPTH = 250;
/** Elements in one whole element: a tree of as many takes some 50 MB. */
export const MAX_ELEMENTS = 200_000;
/** Nothing between two tags is as long; what is would be gathered in memory before anybody could look at it. */
const MAX_TOKEN_CHARACTERS = 8_000_000;

/**
 * Reads XML as it is unpacked, holding no more than one wanted element at a time. Entities other than the five of XML
 * are refused, so none can multiply. Throws when the XML is not well-formed, nests too deep or is too large at once.
 */
export async function readXml(
  chunks: Iterable<Uint8Array>,
  { visitor, naming = 'local' }: { visitor: XmlVisitor; naming?: XmlNaming },
): Promise<void> {
  const { SaxesParser } = await import('saxes');
  const parser = new SaxesParser();
  const reader = createTreeReader(visitor, naming);
  parser.on('error', (error) => {
    // Some programs leave control characters in their text; cleaning takes them out.
    if (!error.message.includes('disallowed character')) throw error;
  });
  parser.on('opentag', ({ name, attributes }) => reader.open(name, attributes));
  parser.on('text', reader.text);
  parser.on('cdata', reader.text);
  parser.on('closetag', reader.close);
  let decoder: TextDecoder | undefined;
  for (const chunk of chunks) {
    decoder ??= new TextDecoder(encodingOf(chunk));
    const text = decoder.decode(chunk, { stream: true });
    parser.write(text);
    if (reader.isDone()) return;
    if (reader.charactersSinceTag(text.length) > MAX_TOKEN_CHARACTERS) throw tooMuchText();
  }
  parser.close();
}

/** A small XML document as a tree. */
export async function parseXml(
  chunks: Iterable<Uint8Array>,
  options: { naming?: XmlNaming } = {},
): Promise<XmlElement | undefined> {
  const found: XmlElement[] = [];
  const take = (element: XmlElement) => void found.push(element);
  await readXml(chunks, { ...options, visitor: { isWanted: () => true, take } });
  return found[0];
}

export const isElement = (node: XmlElement | string): node is XmlElement => typeof node !== 'string';

/** The elements directly below, of that name if one is given. */
export function childrenOf(element: XmlElement | undefined, name?: string): XmlElement[] {
  const children = element?.children.filter(isElement) ?? [];
  return name === undefined ? children : children.filter((child) => child.name === name);
}

/** The first element at the end of a path of names. */
export function childAt(element: XmlElement | undefined, ...path: string[]): XmlElement | undefined {
  let at = element;
  for (const name of path)
    at = at?.children.find((child): child is XmlElement => isElement(child) && child.name === name);
  return at;
}

/** All elements of a name below an element, in the order in which they stand; not those within one another. */
export function descendantsOf(element: XmlElement | undefined, name: string): XmlElement[] {
  return childrenOf(element).flatMap((child) => (child.name === name ? [child] : descendantsOf(child, name)));
}

/** All text below an element. */
export function textIn(element: XmlElement | undefined): string {
  return element?.children.map((child) => (isElement(child) ? textIn(child) : child)).join('') ?? '';
}

function createTreeReader(visitor: XmlVisitor, naming: XmlNaming) {
  const outside: OpenElement[] = [];
  const inside: XmlElement[] = [];
  let elements = 0;
  let characters = 0;
  let sinceTag = 0;
  let done = false;
  return {
    open(qualified: string, attributes: Record<string, string>) {
      sinceTag = 0;
      if (done) return;
      const name = naming === 'local' ? qualified.slice(qualified.indexOf(':') + 1) : qualified;
      if (outside.length + inside.length >= MAX_DEPTH) throw new Error('The XML nests too deep');
      const above = inside.at(-1);
      if (above === undefined && !visitor.isWanted({ name, attributes }, outside.length)) {
        outside.push({ name, attributes });
        visitor.enter?.({ name, attributes });
        return;
      }
      if (++elements > MAX_ELEMENTS) throw tooManyElements();
      const element = { name, attributes, children: [] };
      above?.children.push(element);
      inside.push(element);
    },
    text(text: string) {
      sinceTag = 0;
      const element = inside.at(-1);
      if (done || element === undefined) return;
      characters += text.length;
      if (characters > MAX_TOKEN_CHARACTERS) throw tooMuchText();
      element.children.push(text);
    },
    close() {
      sinceTag = 0;
      if (done) return;
      const element = inside.pop();
      if (element === undefined) {
        const left = outside.pop();
        if (left !== undefined) visitor.leave?.(left);
      } else if (inside.length === 0) {
        elements = 0;
        characters = 0;
        done = visitor.take(element) === false;
      }
    },
    isDone: () => done,
    charactersSinceTag: (more: number) => (sinceTag += more),
  };
}

function encodingOf(start: Uint8Array): string {
  if (start[0] === 0xff && start[1] === 0xfe) return 'utf-16le';
  return start[0] === 0xfe && start[1] === 0xff ? 'utf-16be' : 'utf-8';
}

function tooManyElements(): ExtractionError {
  return new ExtractionError(
    'too_large',
    'The document has too many parts to be read at once. Split it into several files and upload those.',
  );
}
