import { compactMetadata, toIsoDate } from './blocks.ts';
import { ExtractionError } from './extractor.ts';
import { childrenOf, parseXml, textIn, type XmlElement } from './office-xml.ts';
import { readZipDirectory, type ZipEntry } from './zip.ts';
import { streamZipEntry } from './zip-stream.ts';

/** Where a part of an Office file points to. */
export type Relationship = {
  /** The last part of its type's address, e.g. `slide`, which is the same in all editions of the format. */
  type: string;
  /** The name of a part, or an address when it is `isExternal`. */
  target: string;
  isExternal: boolean;
};

/** The parts of an Office file (a ZIP archive): names in any case and with either slash. */
export type OfficePackage = {
  has(name: string): boolean;
  /** Size when unpacked, as declared and checked; 0 for a part that is not there. */
  sizeOf(name: string): number;
  /** The bytes piece by piece, or undefined for a part that is not there. */
  stream(name: string): Promise<Iterable<Uint8Array> | undefined>;
  /** A small part as a tree, or undefined for one that is not there. */
  tree(name: string): Promise<XmlElement | undefined>;
  /** What the part (`''` for the package itself) points to, by id. */
  relationships(name: string): Promise<Map<string, Relationship>>;
};

/** A part may be pointed to from many places: what is unpacked in all stays near the size of the whole. */
const MAX_UNPACKED_BYTES = 400 * 1024 * 1024;
const MAX_OPENED = 30_000;

/** Opens an Office file. Throws `malformed`, `encrypted` or `too_large`, see {@link readZipDirectory}. */
export function openPackage(bytes: Uint8Array): OfficePackage {
  const entries = new Map(readZipDirectory(bytes).map((entry) => [normalName(entry.name), entry]));
  const find = (name: string) => entries.get(normalName(name));
  let unpacked = 0;
  let opened = 0;
  const open = (entry: ZipEntry) => {
    unpacked += entry.uncompressedBytes;
    if (unpacked > MAX_UNPACKED_BYTES || ++opened > MAX_OPENED) throw tooMuchXml();
    return streamZipEntry(bytes, entry);
  };
  const tree = async (name: string) => {
    const entry = find(name);
    return entry === undefined ? undefined : await parseXml(await open(entry));
  };
  return {
    has: (name) => find(name) !== undefined,
    sizeOf: (name) => find(name)?.uncompressedBytes ?? 0,
    async stream(name) {
      const entry = find(name);
      return entry === undefined ? undefined : await open(entry);
    },
    tree,
    async relationships(name) {
      const slash = name.lastIndexOf('/');
      const folder = name.slice(0, slash + 1);
      const root = await tree(`${folder}_rels/${name.slice(slash + 1)}.rels`);
      return new Map(childrenOf(root, 'Relationship').map((element) => readRelationship(element, folder)));
    },
  };
}

/** The part that everything else hangs on, e.g. `xl/workbook.xml`. */
export async function findMainPart(file: OfficePackage, usual: string): Promise<string> {
  const root = await file.relationships('');
  const main = [...root.values()].find(({ type, target }) => type === 'officeDocument' && file.has(target))?.target;
  if (main === undefined && !file.has(usual)) throw missingPart(usual);
  return main ?? usual;
}

/** What the file says about itself: its title, and facts in the form of metadata. */
export async function readProperties(
  file: OfficePackage,
): Promise<{ title: string | undefined; metadata: ReturnType<typeof compactMetadata> }> {
  const core = await file.tree('docProps/core.xml');
  const property = (name: string) => {
    const value = textIn(childrenOf(core, name)[0]).trim();
    return value === '' ? undefined : value;
  };
  return {
    title: property('title'),
    metadata: compactMetadata({
      author: property('creator'),
      description: property('description') ?? property('subject'),
      language: property('language'),
      tags: splitKeywords(property('keywords')),
      createdAt: toIsoDate(property('created')),
      modifiedAt: toIsoDate(property('modified')),
    }),
  };
}

/** Keywords as people separate them. */
export function splitKeywords(keywords = ''): string[] {
  const words = keywords.split(/[,;]/).map((word) => word.trim());
  return [...new Set(words.filter((word) => word !== ''))].slice(0, 50);
}

/** The value of an attribute like `r:id`, whatever its prefix is. */
export function relationshipId(element: XmlElement | undefined, name = 'id'): string | undefined {
  if (element === undefined) return undefined;
  return Object.entries(element.attributes).find(([key]) => key.endsWith(`:${name}`))?.[1];
}

/** The refusal of a file that lacks what its format cannot do without. */
export function missingPart(name: string): ExtractionError {
  return new ExtractionError(
    'malformed',
    `The file is damaged: its part ${name.slice(0, 80)} is missing. Save it anew in the program that made it and upload it again.`,
  );
}

function tooMuchXml(): ExtractionError {
  return new ExtractionError(
    'too_large',
    'The document is too large to be read at once. Split it into several files and upload those.',
  );
}

function normalName(name: string): string {
  return name.replaceAll('\\', '/').replace(/^\//, '').toLowerCase();
}

function readRelationship({ attributes }: XmlElement, folder: string): [string, Relationship] {
  const { Id = '', Type = '', Target = '', TargetMode } = attributes;
  const isExternal = TargetMode === 'External';
  const type = Type.slice(Type.lastIndexOf('/') + 1);
  return [Id, { type, isExternal, target: isExternal ? Target : resolvePath(folder, Target) }];
}

function resolvePath(folder: string, target: string): string {
  const path = target.startsWith('/') ? target : folder + target;
  const names: string[] = [];
  for (const name of decodePercent(path).split(/[/\\]/)) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  return names.join('/');
}

function decodePercent(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
