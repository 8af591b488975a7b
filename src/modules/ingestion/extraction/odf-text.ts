import { isElement, type XmlElement } from './office-xml.ts';

/** Text of paragraphs, and what hangs on them: notes, comments, frames. */

/** What was met within a paragraph and stands elsewhere for a reader. */
export type Inline = {
  text: string;
  notes: XmlElement[];
  comments: XmlElement[];
  /** Pictures and boxes of text that are anchored here. */
  frames: XmlElement[];
  links: string[];
};

/** What is no part of a sentence. */
const WITHOUT_TEXT = new Set([
  'office:annotation-end',
  'office:event-listeners',
  'text:ruby-text',
  'text:script',
  'text:hidden-text',
  'svg:title',
  'svg:desc',
]);
const MAX_SPACES = 100;

/** Reads a paragraph. White space counts once, as the format has it; spaces, tabs and line ends have elements of their own. */
export function readInline(element: XmlElement): Inline {
  const inline: Inline = { text: '', notes: [], comments: [], frames: [], links: [] };
  gather(element, inline);
  inline.text = inline.text.trim();
  return inline;
}

/** The text of a paragraph alone. */
export function inlineText(element: XmlElement): string {
  return readInline(element).text;
}

/** The mark of a note in the text: `[1]`. */
export function noteMark(note: XmlElement): string {
  const citation = note.children.find((child) => isElement(child) && child.name === 'text:note-citation');
  return citation !== undefined && isElement(citation) ? inlineText(citation) : '';
}

function gather(element: XmlElement, inline: Inline): void {
  for (const child of element.children) {
    if (!isElement(child)) inline.text += child.replace(/\s+/g, ' ');
    else gatherChild(child, inline);
  }
}

function gatherChild(child: XmlElement, inline: Inline): void {
  if (WITHOUT_TEXT.has(child.name)) return;
  if (child.name === 'text:s') {
    const count = Number.parseInt(child.attributes['text:c'] ?? '1', 10);
    inline.text += ' '.repeat(Math.min(MAX_SPACES, Math.max(1, count || 1)));
  } else if (child.name === 'text:tab') inline.text += '\t';
  else if (child.name === 'text:line-break') inline.text += '\n';
  else if (child.name === 'text:note') {
    inline.text += `[${noteMark(child)}]`;
    inline.notes.push(child);
  } else if (child.name === 'office:annotation') inline.comments.push(child);
  else if (child.name.startsWith('draw:') && child.name !== 'draw:a') inline.frames.push(child);
  else {
    if (child.name === 'text:a' || child.name === 'draw:a') inline.links.push(child.attributes['xlink:href'] ?? '');
    gather(child, inline);
  }
}
