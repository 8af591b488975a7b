import { createBlockCollector } from './blocks.ts';
import { decodeText } from './decode.ts';
import { type Block, ExtractionError } from './extractor.ts';
import { walkXml } from './xml-events.ts';

/** What a drawing says: its own title, its size, and its texts in the order in which they are drawn. */
export type Drawing = { title?: string; width: number; height: number; blocks: Block[] };

/** Drawings with more are data: maps, traced photographs. They take many times their size to walk through. */
export const MAX_SVG_BYTES = 16 * 1024 * 1024;

const SHOWN = new Set(['title', 'desc', 'text', 'foreignObject']);
const NEVER_SHOWN = new Set(['script', 'style', 'metadata']);

/** Reads an SVG drawing as text: nothing in it is run, loaded or resolved. */
export async function readSvg(bytes: Uint8Array, mediaType: string): Promise<Drawing> {
  if (bytes.length > MAX_SVG_BYTES) {
    throw new ExtractionError(
      'too_large',
      `The drawing is larger than ${MAX_SVG_BYTES / 1024 / 1024} MB. Export it as a PNG picture and upload that.`,
    );
  }
  const collector = createBlockCollector();
  const drawing: Drawing = { width: 0, height: 0, blocks: collector.blocks };
  let text = '';
  await walkXml(decodeText(bytes, { mediaType }).text, {
    open(name, attributes, path) {
      if (path.length === 1) Object.assign(drawing, sizeOf(attributes));
      // Lines of a text are pieces that stand apart.
      if (text !== '' && localName(name) === 'tspan') text += ' ';
    },
    text(part, path) {
      const names = path.map(localName);
      if (names.some((name) => SHOWN.has(name)) && !names.some((name) => NEVER_SHOWN.has(name))) text += part;
    },
    close(name, path) {
      const element = localName(name);
      if (!SHOWN.has(element)) return;
      const line = text.replace(/\s+/g, ' ').trim();
      text = '';
      if (element === 'title' && path.length === 2) drawing.title ??= line;
      collector.add({ type: 'paragraph', text: line });
    },
  });
  return drawing;
}

const localName = (name: string) => name.slice(name.indexOf(':') + 1);

/** In pixels where they are given as such, else by the drawing's own coordinates. */
function sizeOf(attributes: Record<string, string>): { width: number; height: number } {
  const [, , boxWidth, boxHeight] = (attributes['viewBox'] ?? '').split(/[\s,]+/).map(Number);
  const pixels = (value: string | undefined) =>
    /^\s*[\d.]+(px)?\s*$/.test(value ?? '') ? Number.parseFloat(value ?? '') : undefined;
  const whole = (value: number | undefined) => (Number.isFinite(value) ? Math.round(Math.abs(value ?? 0)) : 0);
  return {
    width: whole(pixels(attributes['width']) ?? boxWidth),
    height: whole(pixels(attributes['height']) ?? boxHeight),
  };
}
