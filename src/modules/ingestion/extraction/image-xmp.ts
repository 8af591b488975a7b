import type { ExifFacts } from './image-exif.ts';
import { walkXml } from './xml-events.ts';

/** Longer packets hold thumbnails and histories of edits; what is kept comes first. */
const MAX_PACKET_BYTES = 256 * 1024;
const MAX_VALUES = 200;

const PROPERTIES = new Set([
  'dc:title',
  'dc:description',
  'dc:subject',
  'dc:creator',
  'dc:rights',
  'photoshop:Headline',
  'exif:UserComment',
  'tiff:Make',
  'tiff:Model',
  'aux:Lens',
]);

/** The facts in an XMP packet (RDF as XML), as Adobe's programs and most newer ones write it. */
export async function readXmp(bytes: Uint8Array): Promise<ExifFacts> {
  const packet = new TextDecoder().decode(bytes.subarray(0, MAX_PACKET_BYTES));
  const found = await collect(packet);
  const first = (name: string) => found.get(name)?.[0];
  return {
    title: first('dc:title') ?? first('photoshop:Headline'),
    description: first('dc:description'),
    comment: first('exif:UserComment'),
    keywords: found.get('dc:subject'),
    author: found.get('dc:creator')?.join(', '),
    copyright: first('dc:rights'),
    make: first('tiff:Make'),
    model: first('tiff:Model'),
    lens: first('aux:Lens'),
  };
}

/** Values by property: simple ones are attributes or text, lists and languages are items within. */
async function collect(packet: string): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  const add = (name: string, text: string) => {
    const values = found.get(name) ?? [];
    const value = text.trim();
    if (value !== '' && values.length < MAX_VALUES) found.set(name, [...values, value]);
  };
  const propertyOf = (path: readonly string[]) => path.find((name) => PROPERTIES.has(name));
  let text = '';
  await walkXml(packet, {
    open(name, attributes) {
      text = '';
      if (name !== 'rdf:Description') return;
      for (const property of PROPERTIES) add(property, attributes[property] ?? '');
    },
    text(part) {
      text += part;
    },
    close(_name, path) {
      const property = propertyOf(path);
      if (property !== undefined) add(property, text);
      text = '';
    },
  }).catch(() => {});
  return found;
}
