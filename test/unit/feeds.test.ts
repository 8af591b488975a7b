import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FeedError, looksLikeFeed, readFeed } from '../../src/modules/resources/feeds/feed.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const read = (text: string, mediaType = 'application/xml') =>
  readFeed(bytes(text), { url: 'https://example.com/feeds/all.xml', mediaType });
const DATE = Date.UTC(2026, 9, 3, 6);

const RSS = `<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom"
     xmlns:media="http://search.yahoo.com/mrss/" xmlns:content="http://purl.org/rss/1.0/modules/content/">
  <channel><title>Bird &amp;amp; Beast</title><link>https://example.com/</link>
    <atom:link rel="self" href="https://example.com/feeds/all.xml"/>
    <image><title>Logo</title><link>https://example.com/logo</link></image>
    <item><title>Old</title><guid isPermaLink="true">https://example.com/old</guid><pubDate>Thu, 01 Oct 2026 08:00:00 +0200</pubDate></item>
    <item><title><![CDATA[The <em>heron</em> &amp; the fish]]></title><link>/heron?utm_source=rss#x</link>
      <guid isPermaLink="false">17</guid><dc:creator>Ada Vogel</dc:creator><pubDate>Sat, 03 Oct 2026 08:00:00 +0200</pubDate>
      <description>&lt;p&gt;How it &lt;b&gt;waits&lt;/b&gt;.&lt;/p&gt;</description>
      <content:encoded><![CDATA[<p>All of it</p>]]></content:encoded>
      <media:group><media:title>Another title</media:title></media:group></item>
    <item><title>No address</title><guid>tag:17</guid></item>
    <item><title>Twice</title><link>https://example.com/heron</link></item>
  </channel></rss>`;

const ATOM = `<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title type="text">Beasts</title>
  <link rel="alternate" href="/"/><link rel="self" href="/atom.xml"/><author><name>Everybody</name></author>
  <entry><title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">The <b>heron</b></div></title>
    <link rel="enclosure" href="/heron.mp3"/><link href="../heron"/><id>urn:1</id><updated>2026-11-01T00:00:00Z</updated>
    <published>2026-10-03T08:00:00+02:00</published><author><name>Ada Vogel</name><uri>https://a.example.com</uri></author>
    <summary>How it waits.</summary></entry></feed>`;

const RDF = `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
  xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://example.com"><title>Beasts</title>
  <link>https://example.com/</link></channel><item rdf:about="https://example.com/heron"><title>The heron</title>
  <link>https://example.com/heron</link><dc:date>2026-10-03T08:00:00+02:00</dc:date></item></rdf:RDF>`;

const JSON_FEED = JSON.stringify({
  version: 'https://jsonfeed.org/version/1.1',
  title: 'Beasts',
  home_page_url: 'https://example.com/',
  items: [
    {
      id: 1,
      url: '/heron',
      title: 'The heron',
      date_published: '2026-10-03T08:00:00+02:00',
      authors: [{ name: 'Ada Vogel' }],
    },
    { id: 'https://example.com/by-id', title: 5 },
    'nonsense',
    { id: 'x' },
  ],
});

describe('a feed', () => {
  it.each([
    ['RSS 2.0', RSS, 'https://example.com/heron', 'Ada Vogel'],
    ['Atom', ATOM, 'https://example.com/heron', 'Ada Vogel'],
    ['RSS 1.0', RDF, 'https://example.com/heron', undefined],
    ['JSON Feed', JSON_FEED, 'https://example.com/heron', 'Ada Vogel'],
  ])('of the kind %s is recognised and read', async (kind, text, url, author) => {
    expect(looksLikeFeed(bytes(text))).toBe(true);
    const { title, siteUrl, entries } = await read(text);
    expect([title, siteUrl]).toEqual([kind === 'RSS 2.0' ? 'Bird & Beast' : 'Beasts', 'https://example.com/']);
    expect(entries[0]).toMatchObject({ url, author, publishedAt: DATE, title: expect.stringContaining('heron') });
  });

  it('names each address once, newest first, and only what has one', async () => {
    const { entries } = await read(RSS);
    expect(entries.map(({ url }) => url)).toEqual(['https://example.com/heron', 'https://example.com/old']);
    expect(entries[0]).toMatchObject({ title: 'The heron & the fish', summary: 'How it waits.' });
    expect((await read(JSON_FEED)).entries.map(({ url }) => url)).toEqual([
      'https://example.com/heron',
      'https://example.com/by-id',
    ]);
  });

  it('is read in the encoding that it names, and with errors that every reader passes over', async () => {
    const latin = '<?xml version="1.0" encoding="iso-8859-1"?><rss><channel><title>K\xe4fer</title></channel></rss>';
    const raw = Uint8Array.from([...latin].map((letter) => letter.charCodeAt(0)));
    expect((await readFeed(raw, { url: 'https://example.com', mediaType: 'text/xml' })).title).toBe('Käfer');
    const broken =
      '<rss><channel><title>A & B &nbsp; &copy;</title><item><title>x<link>https://example.com/1</link></item>';
    expect(await read(broken)).toMatchObject({ title: 'A & B © '.trim() });
  });

  it.each([
    ['<html><body><rss>', false],
    ['<!DOCTYPE html><html>', false],
    ['<svg xmlns="x">', false],
    ['{"version":"1.0"}', false],
    ['', false],
    ['﻿<?xml version="1.0"?>\n<!-- made by hand -->\n<?xml-stylesheet href="x"?><rss version="2.0">', true],
    ['<!DOCTYPE rss [<!ENTITY a "b">]><rss version="0.91">', true],
    ['{ "title": "x", "version": "https:\\/\\/jsonfeed.org\\/version\\/1" }', true],
  ])('%j is one: %s', (text, isFeed) => {
    expect(looksLikeFeed(bytes(text))).toBe(isFeed);
  });

  it.each([
    ['nothing', ''],
    ['a page', '<html><body><p>x</p></body></html>'],
    ['JSON of another kind', '{"items": 5}'],
    ['broken JSON', '{"items": ['],
    ['what is nested too deeply', `<rss><channel>${'<a>'.repeat(300)}`],
  ])('cannot be %s', async (_, text) => {
    await expect(read(text)).rejects.toBeInstanceOf(FeedError);
  });

  it('grows by no entity, and has no more entries or text than anybody reads', async () => {
    const lol = Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('');
    const bomb = `<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "lol">${lol}<!ENTITY x SYSTEM "file:///etc/passwd">]>
      <rss><channel><title>&l9;&x;</title></channel></rss>`;
    expect((await read(bomb)).title).toBe('&l9;&x;');
    const many = `<rss><channel>${Array.from({ length: 5_000 }, (_, i) => `<item><link>https://example.com/${i}</link><title>${'x'.repeat(700)}</title></item>`).join('')}</channel></rss>`;
    const { entries } = await read(many);
    expect(entries).toHaveLength(500);
    expect(entries[0]?.title?.length).toBeLessThanOrEqual(500);
    await expect(read('x'.repeat(5 * 1024 * 1024 + 1))).rejects.toBeInstanceOf(FeedError);
  });

  it('is read or refused soon, whatever it is', async () => {
    const sources = [RSS, ATOM, RDF, JSON_FEED];
    const damaged = fc
      .tuple(fc.constantFrom(...sources), fc.nat(), fc.nat(), fc.string({ unit: 'binary', maxLength: 8 }))
      .map(([text, at, length, inserted]) => {
        const start = at % text.length;
        return text.slice(0, start) + inserted + text.slice(start + (length % 40));
      });
    await fc.assert(
      fc.asyncProperty(damaged, async (text) => {
        const outcome = await read(text).catch((error: unknown) => error);
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(FeedError);
        else expect(outcome).toMatchObject({ entries: expect.any(Array) });
      }),
      { numRuns: 300 },
    );
    const start = performance.now();
    for (const text of [
      '<rss '.repeat(200_000),
      `<rss ${'a="b" '.repeat(200_000)}>`,
      `<rss><![CDATA[${'x'.repeat(3_000_000)}`,
      `<rss>${'&'.repeat(500_000)}`,
    ]) {
      await read(text).catch(() => {});
    }
    expect(performance.now() - start).toBeLessThan(6_000);
  });
});
