import { accessSync, constants } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalServer } from '../../scripts/server.ts';
import { type Installation, install } from '../support/local-server.ts';
import { codeAt } from '../support/totp-codes.ts';

const CANDIDATES = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];
const executablePath = CANDIDATES.find((candidate) => candidate !== undefined && isExecutable(candidate));

const title =
  executablePath === undefined ? 'passkeys in a browser (skipped: no Chromium here)' : 'passkeys in a browser';
const ADA = { email: 'ada@example.com', username: 'ada', password: 'swampland tidy outgrow' };

type Answer = { status: number; body: any };
type Ceremony = { begin: string; end: string; token?: string; fields?: object };

describe.skipIf(executablePath === undefined)(title, () => {
  let installation: Installation;
  let server: LocalServer;
  let browser: Browser;
  let page: Page;
  let token: string;

  const post = async (path: string, body: object, accessToken?: string): Promise<Answer> => {
    const response = await fetch(server.url + path, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(accessToken && { authorization: `Bearer ${accessToken}` }),
      },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  };

  /** What a page of the service would do: get options, ask the browser, send what it says. */
  const ceremony = (steps: Ceremony): Promise<Answer> =>
    page.evaluate(async ({ begin, end, token: accessToken, fields = {} }) => {
      const send = async (path: string, body: object): Promise<Answer> => {
        const response = await fetch(path, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            ...(accessToken && { authorization: `Bearer ${accessToken}` }),
          },
          body: JSON.stringify(body),
        });
        return { status: response.status, body: await response.json() };
      };
      const asked = await send(begin, fields);
      if (asked.status !== 200) return asked;
      const { publicKey } = asked.body;
      const { PublicKeyCredential, navigator } = globalThis as any;
      const credential =
        publicKey.rp === undefined
          ? await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey) })
          : await navigator.credentials.create({
              publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey),
            });
      return send(end, { ...fields, response: credential.toJSON() });
    }, steps);

  const register = () =>
    ceremony({
      begin: '/v1/me/passkeys/registration/options',
      end: '/v1/me/passkeys/registration/verify',
      token,
      fields: { name: 'Chromium' },
    });
  const logIn = () => ceremony({ begin: '/v1/auth/passkeys/options', end: '/v1/auth/passkeys/verify' });

  beforeAll(async () => {
    installation = await install();
    server = await installation.start();
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: FLAGS });
    page = await browser.newPage();
    // Browsers bind passkeys to names, not to addresses.
    await page.goto(`http://localhost:${server.port}/docs/verify-email/`);
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('WebAuthn.enable');
    await devtools.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    token = (await post('/v1/auth/register', ADA)).body.session.accessToken;
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await installation?.remove();
  });

  it('are made, and made once for each account', async () => {
    const made = await register();
    expect(made.body).toMatchObject({ name: 'Chromium', transports: ['internal'], lastUsedAt: null });
    expect(made.status).toBe(201);
    await expect(register()).rejects.toThrow(/InvalidStateError/);
  });

  it('log in without a name or password, again and again', async () => {
    for (let i = 0; i < 2; i++) {
      const entered = await logIn();
      expect([entered.status, entered.body.user?.username]).toEqual([200, 'ada']);
    }
  });

  it('complete a login with a password', async () => {
    const { body: enrolled } = await post('/v1/me/two-factor/enroll', { password: ADA.password }, token);
    const code = codeAt(enrolled.secret, Date.now());
    expect((await post('/v1/me/two-factor/confirm', { code }, token)).status).toBe(200);
    const first = await post('/v1/auth/login', { identifier: ADA.username, password: ADA.password });
    expect(first.body.methods).toEqual(['totp', 'recovery_code', 'passkey']);
    const { ticket } = first.body;
    const second = await ceremony({
      begin: '/v1/auth/two-factor/passkey/options',
      end: '/v1/auth/two-factor/passkey/verify',
      fields: { ticket },
    });
    expect([second.status, second.body.user?.username]).toEqual([200, 'ada']);
  });

  it('are worth nothing on a page with another origin', async () => {
    await page.goto(`${server.url}/docs/verify-email/`);
    await expect(logIn()).rejects.toThrow(/SecurityError/);
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
