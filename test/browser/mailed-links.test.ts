import { accessSync, constants } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalServer } from '../../scripts/server.ts';
import { type Installation, install } from '../support/local-server.ts';

const CANDIDATES = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];
const executablePath = CANDIDATES.find((candidate) => candidate !== undefined && isExecutable(candidate));

const title = executablePath === undefined ? 'links in mails (skipped: no Chromium here)' : 'links in mails';
const PASSWORD = 'swampland tidy outgrow';

describe.skipIf(executablePath === undefined)(title, () => {
  let installation: Installation;
  let server: LocalServer;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  const post = (path: string, body: unknown) =>
    fetch(server.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  /** The link in the newest mail with the subject, on this server's port. */
  async function mailedLink(subject: string): Promise<string> {
    for (const until = Date.now() + 10_000; Date.now() < until; ) {
      const answer = await fetch(`${server.url}/v1/dev/outbox`);
      const { items }: { items: { subject: string; text: string }[] } = await answer.json();
      const link = /^http:\S+$/m.exec(items.find((mail) => mail.subject === subject)?.text ?? '')?.[0];
      if (link !== undefined) return link.replace(/^http:\/\/[^/]+/, server.url);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`No mail has the subject ${subject}.`);
  }

  beforeAll(async () => {
    installation = await install();
    server = await installation.start();
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: FLAGS });
    page = await browser.newPage();
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (/Content Security Policy/.test(message.text())) complaints.push(message.text());
    });
    const registered = await post('/v1/auth/register', {
      email: 'ada@example.com',
      username: 'ada',
      password: 'correct horse battery',
    });
    expect(registered.status).toBe(201);
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await installation?.remove();
  });

  const outcome = (text: RegExp) => page.locator('#outcome').filter({ hasText: text }).waitFor();

  it('verify the address by one click, once', async () => {
    const link = await mailedLink('Confirm your e-mail address');
    await page.goto(link);
    expect(page.url()).not.toContain('token');
    await page.getByRole('button', { name: 'Confirm it' }).click();
    await outcome(/your address is confirmed/);

    await page.goto('about:blank');
    await page.goto(link);
    await page.getByRole('button', { name: 'Confirm it' }).click();
    await outcome(/not valid, or no longer/);
  });

  it('set a new password, after saying what is wrong with a weak one', async () => {
    expect((await post('/v1/auth/password/forgot', { email: 'ada@example.com' })).status).toBe(202);
    await page.goto(await mailedLink('Choose a new password'));
    await page.getByLabel('New password').fill('password123');
    await page.getByRole('button', { name: 'Set it' }).click();
    await outcome(/leaked passwords/);
    await page.getByLabel('New password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Set it' }).click();
    await outcome(/Your new password holds/);
    expect((await post('/v1/auth/login', { identifier: 'ada', password: PASSWORD })).status).toBe(200);
  });

  it('open without an error', async () => {
    await page.goto('about:blank');
    await page.goto(`${server.url}/docs/reset-password/`);
    await outcome(/not complete/);
    expect(complaints).toEqual([]);
  });
});

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
