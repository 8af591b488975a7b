import { accessSync, constants } from 'node:fs';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../../scripts/client.ts';
import type { LocalServer } from '../../scripts/server.ts';
import { type Installation, install } from '../support/local-server.ts';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const executablePath = findChromium();

// Without a browser the page cannot be judged: the report then shows these as skipped, with the reason in their title.
const title = executablePath === undefined ? 'the /docs page (skipped: no Chromium here)' : 'the /docs page';

describe.skipIf(executablePath === undefined)(title, () => {
  let installation: Installation;
  let server: LocalServer;
  let browser: Browser;
  let page: Page;
  const requests: string[] = [];
  const complaints: string[] = [];

  beforeAll(async () => {
    installation = await install();
    server = await installation.start();
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: FLAGS });
    page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
    page.on('request', (request) => requests.push(request.url()));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('requestfailed', (request) => complaints.push(`${request.url()} failed`));
    await page.goto(`${server.url}/docs`);
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await installation?.remove();
  });

  const operation = (method: string, path: string) =>
    page.locator(`.opblock-${method}`, { has: page.locator(`[data-path="${path}"]`) });

  async function statusIn(block: Locator): Promise<string | undefined> {
    const status = block.locator('.live-responses-table .response-col_status').last();
    await status.waitFor();
    return (await status.textContent())?.trim();
  }

  /** Method and path of each. The page holds only those that are in sight, so it is scrolled to its end. */
  async function operationsOnThePage(): Promise<Set<string>> {
    const found = new Set<string>();
    const inSight = () =>
      page
        .locator('.opblock')
        .evaluateAll((blocks) =>
          blocks.map((block) => `${block.className} ${block.querySelector('[data-path]')?.getAttribute('data-path')}`),
        );
    for (let isAtEnd = false; !isAtEnd; ) {
      for (const one of await inSight()) found.add(one);
      isAtEnd = await page.evaluate<boolean>('window.innerHeight + window.scrollY >= document.body.scrollHeight - 2');
      await page.mouse.wheel(0, 300);
      await page.waitForTimeout(30);
    }
    await page.evaluate('window.scrollTo(0, 0)');
    return found;
  }

  it('shows every operation of the API under its title', async () => {
    await page.locator('.opblock').first().waitFor();
    const description = await (await fetch(`${server.url}/openapi.json`)).json();
    const { info, paths } = description as { info: { title: string }; paths: Record<string, object> };
    const operations = Object.values(paths).flatMap((path) => Object.keys(path));

    expect(await page.title()).toBe('Commonplace API');
    expect(await page.locator('.info .title').textContent()).toContain(info.title);
    expect((await operationsOnThePage()).size).toBe(operations.length);
  });

  it('executes a call from the page and shows its answer', async () => {
    const health = operation('get', '/health');
    await health.locator('.opblock-summary-control').click();
    await health.getByRole('button', { name: 'Execute' }).click();

    expect(await statusIn(health)).toBe('200');
    expect(await health.locator('.live-responses-table .highlight-code').first().textContent()).toContain('{');
  });

  it('makes calls that need a login once somebody has pressed Authorize', async () => {
    const account = { username: 'reader', password: 'Long-enough-8', email: 'reader@example.org' };
    const { token } = await createClient(server.url).signIn(account);
    await page.getByRole('button', { name: 'Authorize' }).first().click();
    const dialogue = page.locator('.dialog-ux');
    await dialogue.locator('input').fill(token ?? '');
    await dialogue.getByRole('button', { name: 'Apply credentials' }).click();
    await dialogue.getByRole('button', { name: 'Close' }).last().click();

    await page.getByPlaceholder('Filter by tag or path').fill('/v1/me');
    const me = operation('get', '/v1/me');
    await me.locator('.opblock-summary-control').click();
    await me.getByRole('button', { name: 'Execute' }).click();

    expect(await statusIn(me)).toBe('200');
    expect(await me.locator('.live-responses-table .highlight-code').first().textContent()).toContain(account.email);
  });

  it('loads nothing from anywhere else and complains about nothing', () => {
    expect(requests.filter((url) => !url.startsWith(`${server.url}/`) && !url.startsWith('data:'))).toEqual([]);
    expect(complaints).toEqual([]);
  });
});

/** The browser of CHROMIUM_PATH, or the first one found where Linux distributions put it. */
function findChromium(): string | undefined {
  const candidates = [
    process.env.CHROMIUM_PATH,
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
  ];
  return candidates.find((file) => file !== undefined && isExecutable(file));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
