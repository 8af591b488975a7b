import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { licenceOf } from '../../src/modules/resources/licences.ts';
import { linkedIn } from '../../src/modules/resources/link-header.ts';
import { readPage } from '../../src/modules/resources/page-facts.ts';
import { judgeQuality } from '../../src/modules/resources/quality.ts';
import { filenameOf, normaliseUrl } from '../../src/modules/resources/resource-url.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const URL_OF_PAGE = 'https://www.example.com/2026/heron';
const pageOf = (html: string) => readPage(bytes(html), { url: URL_OF_PAGE, mediaType: 'text/html' });
const factsOf = async (html: string) => (await pageOf(html)).facts;

describe('an address', () => {
  it.each([
    ['https://example.com', 'https://example.com/'],
    [' HTTPS://EXAMPLE.com:443/a/../b#part ', 'https://example.com/b'],
    ['http://example.com./x', 'http://example.com/x'],
    ['https://example.com/?utm_source=x&utm_medium=y', 'https://example.com/'],
    ['https://example.com/a?b=1&fbclid=x&c=%20', 'https://example.com/a?b=1&c=%20'],
    ['https://example.com/?UTM_Source=x&id=2', 'https://example.com/?id=2'],
    ['https://example.com/?b=2&a=1&b=3', 'https://example.com/?b=2&a=1&b=3'],
    ['https://example.com/?q=a+b', 'https://example.com/?q=a+b'],
    ['https://example.com/?', 'https://example.com/'],
    ['https://bücher.example.com/ä', 'https://xn--bcher-kva.example.com/%C3%A4'],
    ['http://0x7f.1/', 'http://127.0.0.1/'],
  ])('%s is known as %s', (given, known) => {
    expect(normaliseUrl(given)).toBe(known);
  });

  it.each([
    '',
    'example.com',
    'ftp://example.com/',
    'mailto:ada@example.com',
    'http://',
    'http://a b/',
    'https://\ud800/',
  ])('%s is none', (given) => {
    expect(normaliseUrl(given)).toBeUndefined();
  });

  it('stays what it is when it is normalised again', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (url) => {
        const once = normaliseUrl(url);
        expect(once).toBeDefined();
        expect(normaliseUrl(once ?? '')).toBe(once);
      }),
    );
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void normaliseUrl(text)));
  });

  it.each([
    ['https://example.com/a/paper.pdf', 'application/pdf', '', 'paper.pdf'],
    ['https://example.com/a/paper', 'application/pdf', '', 'paper.pdf'],
    ['https://example.com/a/page.php', 'text/html; charset=utf-8', '', 'page.php.html'],
    ['https://example.com/a/index.htm', 'text/html', '', 'index.htm'],
    ['https://example.com/', 'text/html', '', 'example.com.html'],
    ['https://example.com/%E0%A4%A', '', '', '%E0%A4%A'],
    ['https://example.com/x', 'application/pdf', 'attachment; filename="the report.pdf"', 'the report.pdf'],
    ['https://example.com/x', '', "inline; filename=x; filename*=UTF-8''n%C3%A4me.txt", 'näme.txt'],
  ])('%s gives a file its name', (url, mediaType, disposition, name) => {
    expect(filenameOf(url, { mediaType, disposition })).toBe(name);
  });
});

describe('a licence', () => {
  it.each([
    ['https://creativecommons.org/licenses/by-sa/4.0/', 'CC-BY-SA-4.0'],
    ['http://www.creativecommons.org/licenses/by-nc-nd/3.0/deed.de', 'CC-BY-NC-ND-3.0'],
    ['https://creativecommons.org/publicdomain/zero/1.0/', 'CC0-1.0'],
    ['https://creativecommons.org/publicdomain/mark/1.0/', 'Public domain'],
    ['https://opensource.org/license/mit', 'MIT'],
    ['https://example.com/creativecommons.org/licenses/by/4.0', undefined],
    ['https://creativecommons.org.evil.example/licenses/by/4.0/', undefined],
  ])('%s is %s', (url, name) => {
    expect(licenceOf(url)).toBe(name);
  });

  it('may stand in a header, beside the canonical address', () => {
    const header = '<https://creativecommons.org/licenses/by/4.0/>; rel="license", </paper>; rel=canonical';
    expect(linkedIn(header, URL_OF_PAGE)).toEqual({
      licence: 'CC-BY-4.0',
      canonicalUrl: 'https://www.example.com/paper',
    });
    expect(linkedIn('<'.repeat(20_000), URL_OF_PAGE)).toEqual({});
  });
});

describe('what a page says about itself', () => {
  const META = `<!doctype html><html lang="de-AT"><head><title>Der Reiher | Vogelblatt</title>
    <link rel="canonical" href="/heron?utm_source=feed"><link rel="license" href="https://creativecommons.org/licenses/by/4.0/">
    <link rel="alternate" type="application/rss+xml" href="/feed.xml"><link rel="alternate" hreflang="en" href="/en">
    <meta property="og:title" content="Der Reiher"><meta name="author" content="Ada Vogel">
    <meta property="og:site_name" content="Vogelblatt"><meta name="description" content="Wie er wartet.">
    <meta property="article:published_time" content="2026-10-03T08:00:00+02:00"></head><body><p>Text</p></body></html>`;

  it('is read from its head', async () => {
    expect(await factsOf(META)).toEqual({
      title: 'Der Reiher',
      canonicalUrl: 'https://www.example.com/heron',
      author: 'Ada Vogel',
      siteName: 'Vogelblatt',
      description: 'Wie er wartet.',
      publishedAt: '2026-10-03T06:00:00.000Z',
      language: 'de-AT',
      licence: 'CC-BY-4.0',
      feeds: ['https://www.example.com/feed.xml'],
    });
  });

  it('is read from JSON-LD, from the article rather than from the site', async () => {
    const graph = {
      '@graph': [
        { '@type': 'WebPage', name: 'The page', inLanguage: 'en' },
        {
          '@type': ['NewsArticle'],
          headline: 'The heron waits',
          author: [{ '@type': 'Person', name: 'Ada' }, { name: 'Bob' }],
          publisher: { '@type': 'Organization', name: 'Bird News' },
          datePublished: '2026-10-03',
          license: { '@id': 'https://creativecommons.org/licenses/by-sa/4.0/' },
          isAccessibleForFree: 'False',
        },
      ],
    };
    const { facts, measures } = await pageOf(
      `<script type="application/ld+json">{broken</script><script type='application/ld+json'>${JSON.stringify(graph)}</script><p>Text`,
    );
    expect(facts).toEqual({
      title: 'The heron waits',
      author: 'Ada, Bob',
      siteName: 'Bird News',
      publishedAt: '2026-10-03T00:00:00.000Z',
      licence: 'CC-BY-SA-4.0',
    });
    expect(measures.hasPaywall).toBe(true);
  });

  it('finds a licence in the footer, and takes no address for an author', async () => {
    const html = `<meta name="author" content="https://facebook.com/x"><p>Text <footer>Under
      <a href="https://creativecommons.org/licenses/by-nc/4.0/deed.en">CC</a></footer>`;
    expect(await factsOf(html)).toEqual({ licence: 'CC-BY-NC-4.0' });
  });

  it('is read in whatever encoding, and from the head of a page that is too large for the rest', async () => {
    const latin = Uint8Array.from(
      [...'<meta charset="iso-8859-1"><title>K']
        .map((c) => c.charCodeAt(0))
        .concat(0xe4, 0x66, 0x65, 0x72)
        .concat([...'</title>'].map((c) => c.charCodeAt(0))),
    );
    expect((await readPage(latin, { url: URL_OF_PAGE, mediaType: 'text/html' })).facts.title).toBe('Käfer');
    const huge = META.replace('<p>Text</p>', '<p>word</p>'.repeat(120_000));
    const { facts, measures } = await pageOf(huge);
    expect(facts).toMatchObject({ title: 'Der Reiher', licence: 'CC-BY-4.0' });
    expect(measures.words).toBeGreaterThan(100_000);
  });

  it('is read soon, whatever the page is', async () => {
    const hostile = [
      '<script type="application/ld+json">'.repeat(20_000),
      `<script type="application/ld+json">${'['.repeat(100_000)}</script>`,
      `<script type="application/ld+json">{"@type":"Article","author":${'{"name":'.repeat(3_000)}1${'}'.repeat(3_000)}}</script>`,
      '<div>'.repeat(50_000),
      '<a href="'.repeat(50_000),
      '<!--'.repeat(50_000),
      `<meta name="author" content="${'x'.repeat(1_000_000)}">`,
      '\u0000\ud800<title>\u0007',
    ];
    for (const html of hostile) {
      const start = performance.now();
      const { facts } = await pageOf(html);
      expect(performance.now() - start, html.slice(0, 40)).toBeLessThan(2_000);
      expect(JSON.stringify(facts).length).toBeLessThan(3_000);
    }
    const pieces = fc.constantFrom(
      '<',
      '>',
      '</',
      'a',
      ' href=',
      '"',
      'script',
      'meta name=',
      '<!--',
      '&amp;',
      'ld+json',
      '{',
      '}',
      'é',
    );
    const page = fc.array(pieces, { maxLength: 60 }).map((list) => list.join(''));
    await fc.assert(
      fc.asyncProperty(page, async (html) => {
        const { facts, measures } = await pageOf(html);
        const { score } = judgeQuality({ url: URL_OF_PAGE, facts, measures, sizeBytes: html.length });
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBeLessThanOrEqual(100);
      }),
      { numRuns: 150 },
    );
  });
});

describe('quality', () => {
  const PARAGRAPH = 'The heron stands in the shallow water and waits, for hours if need be, until a fish comes near. ';
  const article = (paragraphs: number, more = '') =>
    `<html lang="en"><head><title>Heron</title>${more}</head><body><nav>${'<a href="/x">Section</a>'.repeat(20)}</nav>
    <article><h1>Heron</h1>${`<p>${PARAGRAPH.repeat(4)}</p>`.repeat(paragraphs)}</article></body></html>`;
  const KNOWN = `<meta name="author" content="Ada"><meta property="article:published_time" content="2026-01-01">
    <link rel="license" href="https://creativecommons.org/licenses/by/4.0/">`;
  const judge = async (html: string, url = URL_OF_PAGE) =>
    judgeQuality({ url, ...(await pageOf(html)), sizeBytes: html.length });

  it('is high for a long text with its author, date and licence', async () => {
    const { score, reasons } = await judge(article(12, KNOWN));
    expect(score, JSON.stringify(reasons)).toBeGreaterThanOrEqual(90);
    expect(reasons.map(({ code }) => code).sort()).toEqual(
      ['author', 'date', 'https', 'length', 'licence', 'link_share', 'open', 'readable_share'].sort(),
    );
    for (const { points, of, detail } of reasons) {
      expect(points).toBeLessThanOrEqual(of);
      expect(detail).toMatch(/\.$/);
    }
  });

  it.each<[what: string, worse: () => Promise<{ score: number }>]>([
    ['without an author, date and licence', () => judge(article(12))],
    ['over a connection that anybody can change', () => judge(article(12, KNOWN), 'http://example.com/')],
    ['when it is short', () => judge(article(1, KNOWN))],
    [
      'among links',
      () =>
        judge(
          article(12, KNOWN).replace(
            '</article>',
            `</article>${'<p><a href="/">Read the next one as well</a></p>'.repeat(300)}`,
          ),
        ),
    ],
  ])('is lower %s', async (_, worse) => {
    expect((await worse()).score).toBeLessThan((await judge(article(12, KNOWN))).score);
  });

  it('is low for what is withheld, and for a list of links', async () => {
    const walled = article(12, KNOWN).replace(
      '</article>',
      '<div class="paywall">Subscribe now to continue reading</div></article>',
    );
    expect((await judge(walled)).score).toBeLessThanOrEqual(40);
    const list = `<ul>${'<li><a href="/x">One more thing to click on</a></li>'.repeat(100)}</ul>`;
    expect((await judge(list)).score).toBeLessThan(55);
  });

  it('counts words of languages that write without spaces', async () => {
    const { measures } = await pageOf(`<p>${'鷺は浅い水の中に立って魚を待っている。'.repeat(50)}</p>`);
    expect(measures.words).toBeGreaterThan(300);
  });
});
