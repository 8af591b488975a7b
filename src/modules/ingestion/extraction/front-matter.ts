import { compactMetadata, toIsoDate } from './blocks.ts';

/** What a Markdown file says about itself above its text, and the text below. */
export type FrontMatter = {
  title?: string;
  metadata: Record<string, string | number | boolean | string[]>;
  body: string;
};

const FENCED = /^---[^\S\n]*\n([\s\S]{0,20000}?)\n(?:---|\.\.\.)[^\S\n]*(?:\n|$)/;
const KEY_LINE = /^([A-Za-z][\w -]{0,60}):(?:[^\S\n]+(.*))?$/;

/**
 * Reads the YAML block between `---` lines at the very top, as far as such blocks go in practice: scalars, `[a, b]` and
 * `- item` lists. What is not of that form (a thematic break, say) is left in the text.
 */
export function readFrontMatter(markdown: string): FrontMatter {
  const match = FENCED.exec(markdown);
  const fields = match?.[1] === undefined ? undefined : readFields(match[1]);
  if (match === null || fields === undefined) return { metadata: {}, body: markdown };
  const first = (...names: string[]) => names.flatMap((name) => fields.get(name) ?? [])[0];
  const list = (...names: string[]) => names.flatMap((name) => fields.get(name) ?? []).flatMap(splitCommas);
  const created = first('date', 'created', 'published');
  const title = first('title');
  return {
    ...(title === undefined ? {} : { title }),
    metadata: compactMetadata({
      author: [...(fields.get('author') ?? []), ...(fields.get('authors') ?? [])].join(', '),
      createdAt: toIsoDate(created) ?? created,
      modifiedAt: toIsoDate(first('updated', 'modified', 'lastmod')),
      description: first('description', 'summary'),
      language: first('lang', 'language'),
      tags: [...new Set(list('tags', 'keywords', 'categories'))].slice(0, 50),
    }),
    body: markdown.slice(match[0].length),
  };
}

function readFields(yaml: string): Map<string, string[]> | undefined {
  const fields = new Map<string, string[]>();
  let current: string[] | undefined;
  for (const line of yaml.split('\n')) {
    const key = KEY_LINE.exec(line);
    const item = /^\s*-\s+(.*)$/.exec(line);
    if (key?.[1] !== undefined) {
      current = readValue(key[2] ?? '');
      fields.set(key[1].toLowerCase(), current);
    } else if (item?.[1] !== undefined && current !== undefined) current.push(unquote(item[1]));
    else if (!/^\s*(#.*)?$/.test(line) && !/^\s/.test(line)) return undefined;
  }
  return fields.size === 0 ? undefined : fields;
}

function readValue(value: string): string[] {
  const inline = /^\[(.*)\]\s*$/.exec(value.trim());
  const parts = inline?.[1] === undefined ? [value] : inline[1].split(',');
  return parts.map(unquote).filter((part) => part !== '' && !/^[|>][+-]?$/.test(part));
}

function unquote(value: string): string {
  const trimmed = value.trim();
  const quoted = /^(["'])(.*)\1$/.exec(trimmed);
  return quoted?.[2] ?? trimmed.replace(/\s+#.*$/, '');
}

function splitCommas(value: string): string[] {
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
