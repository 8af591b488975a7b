/** An element: its name without prefix in lower case, its attributes as they are named. */
export type XmlElement = {
  name: string;
  attributes: Record<string, string>;
  children: XmlElement[];
  /** The text directly in it. */
  text: string;
};

/** Lists of chapters and the like; a tree takes some twenty times the size of its text. */
const MAX_CHARACTERS = 2_000_000;
const MAX_DEPTH = 200;

/**
 * Parses a small XML file into a tree, as far as it is in order. Books are made by many programs and by hand: unlike in
 * office files, what does not fit is passed over, and entities other than XML's own stay as they are written. The root
 * stands in an element without a name.
 */
export async function parseXml(xml: string): Promise<XmlElement> {
  if (xml.length > MAX_CHARACTERS) throw new Error('The XML is implausibly large.');
  const { SaxesParser } = await import('saxes');
  const root: XmlElement = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  const parser = new SaxesParser<{ xmlns: false; position: false }>({ xmlns: false, position: false });
  const addText = (text: string) => {
    const current = open.at(-1);
    if (current !== undefined) current.text += text;
  };
  parser.on('error', () => undefined);
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('opentag', ({ name, attributes }) => {
    const element: XmlElement = { name: localName(name), attributes, children: [], text: '' };
    if (open.length < MAX_DEPTH) open.at(-1)?.children.push(element);
    open.push(element);
  });
  parser.on('closetag', () => {
    if (open.length > 1) open.pop();
  });
  parser.write(xml.trimStart()).close();
  return root;
}

/** All elements of that name below, whatever their prefix, in document order. */
export function elementsOf(root: XmlElement, name: string): XmlElement[] {
  return root.children.flatMap((child) => [...(child.name === name ? [child] : []), ...elementsOf(child, name)]);
}

/** The text in an element and in those below it. */
export function textIn(element: XmlElement): string {
  return [element.text, ...element.children.map(textIn)].join(' ');
}

/** An attribute's value, or '' where it is missing. */
export const attribute = (element: XmlElement | undefined, name: string): string => element?.attributes[name] ?? '';

const localName = (name: string) => name.slice(name.indexOf(':') + 1).toLowerCase();
