import { compactMetadata, toIsoDate } from './blocks.ts';

/** What a Markdown file says about itself above its text, and the text below. */
export type FrontMatter = {
  title?: string;
  metadata: Record<string, string | number | boolean | string[]>;
  /** What it says under names of its own, a line for each. */
  others: string;
  body: string;
};

const FENCED = /^---[^\S\n]*\n([\s\S]{0,20000}?)\n(?:---|\.\.\.)[^\S\n]*(?:\n|$)/;
/** The same in TOML, as Hugo has it. */
const TOML_FENCED = /^\+\+\+[^\S\n]*\n([\s\S]{0,20000}?)\n\+\+\+[^\S\n]*(?:\n|$)/;
const KEY_LINE = /^["']?([\p{L}_][\p{L}\p{M}\p{N}_ ./-]{0,60})["']?[^\S\n]*:(?:[^\S\n]+(.*))?$/u;
/** A list over several lines: `[`, `a,`, `b`, `]`. */
const OPEN_LIST = /:[^\S\n]*\[[^[\]]{0,5000}\]/g;
const MAX_OTHER_FIELDS = 50;

/**
 * Reads the block of fields at the very top, as far as such blocks go in practice: scalars, `[a, b]` and `- item` lists.
 * What is not of that form (a thematic break, say) is left in the text.
 */
export function readFrontMatter(markdown: string): FrontMatter {
  const toml = TOML_FENCED.exec(markdown);
  const match = toml ?? FENCED.exec(markdown);
  const fields = readFields(toml === null ? (match?.[1] ?? '') : yamlOf(toml[1] ?? ''));
  if (match === null || fields === undefined) return { metadata: {}, others: '', body: markdown };
  const first = (...names: string[]) => names.flatMap((name) => fields.get(name) ?? [])[0];
  const list = (...names: string[]) => names.flatMap((name) => fields.get(name) ?? []).flatMap(splitCommas);
  const created = first('date', 'created', 'published');
  const title = first('title');
  return {
    ...(title === undefined ? {} : { title }),
    metadata: compactMetadata({
      author: [...(fields.get('author') ?? []), ...(fields.get('authors') ?? [])]
        .map((name) => name.replace(/^name:\s*/i, ''))
        .join(', '),
      createdAt: toIsoDate(created) ?? created,
      modifiedAt: toIsoDate(first('updated', 'modified', 'lastmod')),
      description: first('description', 'summary'),
      language: first('lang', 'language'),
      tags: [...new Set(list('tags', 'keywords', 'categories'))].slice(0, 50),
    }),
    others: othersOf(fields),
    body: markdown.slice(match[0].length),
  };
}

/** Properties that people made up for themselves: `project: Apollo`. */
function othersOf(fields: Map<string, string[]>): string {
  return [...fields]
    .filter(([name, values]) => !KNOWN.has(name) && values.length > 0)
    .slice(0, MAX_OTHER_FIELDS)
    .map(([name, values]) => `${name}: ${values.join(', ')}`)
    .join('\n');
}

const KNOWN = new Set(
  'title date created published updated modified lastmod author authors description summary lang language tags keywords categories'.split(
    ' ',
  ),
);

/** `[params]` begins a group of fields. */
function yamlOf(toml: string): string {
  return toml.replace(/^[^\S\n]*\[[^\n]*\][^\S\n]*$/gm, '').replace(/^([^\n=]{1,60}?)[^\S\n]*=/gm, '$1:');
}

function readFields(text: string): Map<string, string[]> | undefined {
  const yaml = text.replace(OPEN_LIST, (list) => list.replace(/\s*\n\s*/g, ' '));
  const fields = new Map<string, string[]>();
  let current: string[] | undefined;
  for (const line of yaml.split('\n')) {
    const key = KEY_LINE.exec(line);
    const item = /^\s*-\s+(.*)$/.exec(line);
    if (key?.[1] !== undefined) {
      current = readValue(key[2] ?? '');
      fields.set(key[1].toLowerCase(), current);
    } else if (item?.[1] !== undefined && current !== undefined) current.push(unquote(item[1]));
    else if (/^\s+[^\s#]/.test(line) && current !== undefined) current.push(goesOn(current.pop(), line));
    else if (!/^\s*(#.*)?$/.test(line) && !/^\s/.test(line)) return undefined;
  }
  return fields.size === 0 ? undefined : fields;
}

/** A value over several lines: they are set in. */
const goesOn = (value: string | undefined, line: string): string =>
  value === undefined ? unquote(line) : `${value} ${unquote(line)}`;

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
