import { FeedError, MAX_ENTRIES, type RawEntry, type RawFeed } from './feed.ts';

/** A feed whose text is full of stray signs has some hundreds. */
const MAX_ERRORS = 5_000;
const MAX_DEPTH = 200;
const MAX_FIELD_CHARACTERS = 5_000;
const MAX_ATTRIBUTES = 100;

type Attributes = Record<string, string>;
type Element = { name: string; attributes: Attributes };

/** The text that is being gathered for a field, from the element at `depth` on. */
type Field = { name: string; depth: number; text: string; attributes: Attributes };

const ROOTS = new Set(['rss', 'feed', 'rdf:rdf']);
const ENTRIES = new Set(['item', 'entry']);

/** Fields by the names that formats have for them; the first that is not empty counts. */
const FIELDS: Record<keyof RawEntry, string[]> = {
  link: ['feedburner:origlink', 'link', 'guid', 'id'],
  title: ['title', 'dc:title'],
  author: ['name', 'dc:creator', 'author'],
  summary: ['summary', 'description', 'dc:description'],
  date: ['published', 'pubdate', 'dc:date', 'issued', 'updated', 'modified'],
};
const WANTED = new Set(Object.values(FIELDS).flat());

/** RSS and Atom. Errors in the form are passed over, as every reader of feeds does. @throws FeedError */
export async function readXmlFeed(source: string): Promise<RawFeed> {
  const { SaxesParser } = await import('saxes');
  const parser = new SaxesParser();
  const reader = createReader();
  // It knows no entities but XML's five, and reads no declarations of any: there is nothing that could grow.
  let errors = 0;
  parser.on('error', () => {
    if (++errors > MAX_ERRORS) throw new FeedError('It is no XML.');
  });
  parser.on('opentag', ({ name, attributes }) =>
    reader.open({ name: nameOf(name), attributes: attributesOf(attributes) }),
  );
  parser.on('closetag', () => reader.close());
  parser.on('text', reader.text);
  parser.on('cdata', reader.text);
  parser.write(source).close();
  return reader.feed();
}

/** Prefixes for the format itself are left out. */
const nameOf = (name: string) => name.toLowerCase().replace(/^(atom|atom10|a10|rss):/, '');

function attributesOf(attributes: Record<string, unknown>): Attributes {
  const texts = Object.entries(attributes).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value]] : [],
  );
  return Object.fromEntries(texts.slice(0, MAX_ATTRIBUTES));
}

function createReader() {
  const path: string[] = [];
  const feedFields = new Map<string, string>();
  const entries: Map<string, string>[] = [];
  let entryDepth = 0;
  let field: Field | undefined;
  let isFeed = false;

  const keep = (name: string, text: string) => {
    const fields = entryDepth > 0 ? entries.at(-1) : feedFields;
    if (fields && text.trim() !== '' && !fields.has(name)) fields.set(name, text.trim());
  };

  /** Whether an element at this place is a field of the entry, or of the feed, and of nothing else within them. */
  const isField = ({ name }: Element): boolean => {
    // A person's name stands within them.
    const isNamed = name === 'name' && path.at(-2) === 'author';
    if (!WANTED.has(name) || (field && !isNamed)) return false;
    const within = entryDepth > 0 ? path.length - entryDepth : path.length - (path.includes('channel') ? 2 : 1);
    return isNamed ? within === 2 : within === 1 && name !== 'name';
  };

  const beginEntry = () => {
    if (entries.length >= MAX_ENTRIES) return;
    entryDepth = path.length;
    entries.push(new Map());
  };

  const beginField = ({ name, attributes }: Element) => {
    const { href, rel = 'alternate' } = attributes;
    if (name !== 'link' || href === undefined) field = { name, depth: path.length, text: '', attributes };
    else if (rel === 'alternate') keep(name, href);
  };

  return {
    open(element: Element) {
      const { name } = element;
      path.push(name);
      if (path.length > MAX_DEPTH) throw new FeedError('It is nested too deeply.');
      if (path.length === 1) isFeed = ROOTS.has(name);
      if (ENTRIES.has(name) && entryDepth === 0) beginEntry();
      else if (isField(element)) beginField(element);
    },

    close() {
      if (field?.depth === path.length) {
        if (!isOnlyAName(field)) keep(field.name, field.text);
        field = undefined;
      }
      if (entryDepth === path.length) entryDepth = 0;
      path.pop();
    },

    text(text: string) {
      if (field && field.text.length < MAX_FIELD_CHARACTERS) {
        field.text += text.slice(0, MAX_FIELD_CHARACTERS - field.text.length);
      }
    },

    feed(): RawFeed {
      if (!isFeed) throw new FeedError('It is neither RSS nor Atom nor a JSON feed.');
      const pick = (fields: Map<string, string>, key: keyof RawEntry) =>
        FIELDS[key].map((name) => fields.get(name)).find((text) => text !== undefined);
      return {
        title: pick(feedFields, 'title'),
        link: feedFields.get('link'),
        entries: entries.map((fields) => ({
          link: pick(fields, 'link'),
          title: pick(fields, 'title'),
          author: pick(fields, 'author'),
          summary: pick(fields, 'summary'),
          date: pick(fields, 'date'),
        })),
      };
    },
  };
}

/** Ids are addresses only where they say so, or look like it. */
const isOnlyAName = ({ name, text, attributes }: Field): boolean =>
  (name === 'guid' || name === 'id') && (attributes['isPermaLink'] === 'false' || !/^\s*https?:/i.test(text));
