import { z } from 'zod';
import { FeedError, type RawFeed } from './feed.ts';

const text = z.string().optional().catch(undefined);
const author = z.object({ name: text }).optional().catch(undefined);

const itemSchema = z.object({
  url: text,
  external_url: text,
  id: z.union([z.string(), z.number()]).optional().catch(undefined),
  title: text,
  summary: text,
  date_published: text,
  date_modified: text,
  author,
  authors: z.array(author).optional().catch(undefined),
});

const feedSchema = z.object({ title: text, home_page_url: text, items: z.array(z.unknown()) });

/** JSON Feed, 1 and 1.1. @throws FeedError */
export function readJsonFeed(source: string): RawFeed {
  const parsed = feedSchema.safeParse(parse(source));
  if (!parsed.success) throw new FeedError('It is not a JSON feed.');
  const { title, home_page_url: link, items } = parsed.data;
  const entries = items.flatMap((item) => itemSchema.safeParse(item).data ?? []);
  return {
    title,
    link,
    entries: entries.map((entry) => ({
      link: entry.url ?? entry.external_url ?? addressIn(entry.id),
      title: entry.title,
      author: (entry.authors?.[0] ?? entry.author)?.name,
      summary: entry.summary,
      date: entry.date_published ?? entry.date_modified,
    })),
  };
}

const addressIn = (id: string | number | undefined) => (/^https?:/.test(String(id)) ? String(id) : undefined);

function parse(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch {
    return undefined;
  }
}
