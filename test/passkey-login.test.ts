import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import { newUser } from './support/actors.ts';
import { call } from './support/app.ts';
import {
  logInWithPasskey,
  login,
  loginCount,
  newPasskey,
  newTicket,
  newTwoFactorUser,
  startPasskeyFactor,
  startPasskeyLogin,
  startRegistration,
  stopClock,
  verify,
  verifyPasskeyFactor,
} from './support/factors.ts';
import type { Quirks, SoftwareAuthenticator } from './support/software-authenticator.ts';
import { codeOf } from './support/totp-codes.ts';

type Response = Awaited<ReturnType<SoftwareAuthenticator['get']>>;

const MINUTE_MS = 60_000;

beforeEach(() => stopClock());

describe('a login with a passkey', () => {
  it.each<[what: string, quirks: Quirks]>([
    ['on another origin', { origin: 'https://evil.example' }],
    ['inside a page of another origin', { crossOrigin: true }],
    ['for another relying party', { rpId: 'evil.example' }],
    ['of another challenge', { challenge: 'A'.repeat(43) }],
    ['without its user verified', { userVerified: false }],
    ['that is a registration', { type: 'webauthn.create' }],
    ['with the handle of somebody else', { userHandle: Buffer.from(crypto.randomUUID()).toString('base64url') }],
    ['without a handle', { userHandle: null }],
  ])('%s is refused', async (_, quirks) => {
    const user = await newUser();
    const { authenticator } = await newPasskey(user);
    const refused = await logInWithPasskey(await authenticator.get(await startPasskeyLogin(), quirks));
    expect([refused.status, refused.body.code]).toEqual([401, 'invalid_passkey']);
    expect(await loginCount(user)).toBe(0);
  });

  it('is refused for a challenge that was used, has expired, or was for something else', async () => {
    const user = await newTwoFactorUser();
    const { authenticator } = await newPasskey(user);
    const response = await authenticator.get(await startPasskeyLogin());
    const answers = await Promise.all(Array.from({ length: 5 }, () => logInWithPasskey(response)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401, 401]);
    const late = await authenticator.get(await startPasskeyLogin());
    stopClock(5 * MINUTE_MS);
    expect((await logInWithPasskey(late)).body.code).toBe('invalid_passkey');
    const asked = (await startPasskeyFactor(await newTicket(user))).body.publicKey;
    expect((await logInWithPasskey(await authenticator.get(asked))).body.code).toBe('invalid_passkey');
    const { challenge } = (await startRegistration(user)).body.publicKey;
    const ofRegistration = await authenticator.get({ ...asked, challenge });
    expect((await logInWithPasskey(ofRegistration)).body.code).toBe('invalid_passkey');
    expect(await loginCount(user)).toBe(1);
  });

  it('is refused when the count has not grown: there are two of the authenticator', async () => {
    const user = await newUser();
    const { authenticator } = await newPasskey(user);
    const use = async (signCount: number) =>
      (await logInWithPasskey(await authenticator.get(await startPasskeyLogin(), { signCount }))).status;
    expect(await use(0)).toBe(200);
    expect(await use(0)).toBe(200);
    expect(await use(7)).toBe(200);
    for (const count of [7, 6, 0]) expect(await use(count), String(count)).toBe(401);
    const [one, two] = await Promise.all([startPasskeyLogin(), startPasskeyLogin()]);
    const both = [await authenticator.get(one, { signCount: 8 }), await authenticator.get(two, { signCount: 8 })];
    const answers = await Promise.all(both.map(logInWithPasskey));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
  });

  it('is refused when somebody else has signed', async () => {
    const [user, thief] = [await newUser(), await newUser()];
    const own = await newPasskey(user);
    const { authenticator } = await newPasskey(thief);
    const asked = await startPasskeyLogin();
    const theirs = await authenticator.get(asked);
    const mine = await own.authenticator.get(await startPasskeyLogin());
    const forged: Response[] = [
      { ...theirs, id: mine.id, rawId: mine.id },
      {
        ...theirs,
        id: mine.id,
        rawId: mine.id,
        response: { ...theirs.response, userHandle: mine.response.userHandle },
      },
      { ...theirs, response: { ...theirs.response, userHandle: mine.response.userHandle } },
      { ...theirs, response: { ...theirs.response, signature: mine.response.signature } },
      { ...theirs, id: 'AAAA', rawId: 'AAAA' },
    ];
    for (const one of forged) expect((await logInWithPasskey(one)).body.code).toBe('invalid_passkey');
    expect((await logInWithPasskey(theirs)).body.user.id).toBe(thief.user.id);
    expect(await loginCount(user)).toBe(0);
  });

  it('is refused to an account that is deactivated', async () => {
    const user = await newUser();
    const { authenticator } = await newPasskey(user);
    await env.DB.prepare("update users set status = 'deactivated' where id = ?").bind(user.user.id).run();
    expect((await logInWithPasskey(await authenticator.get(await startPasskeyLogin()))).body.code).toBe(
      'invalid_passkey',
    );
  });
});

describe('a passkey as second factor', () => {
  it('completes the login of its owner, once', async () => {
    const user = await newTwoFactorUser();
    const { authenticator } = await newPasskey(user);
    const { ticket, methods } = (await login(user)).body;
    expect(methods).toEqual(['totp', 'recovery_code', 'passkey']);
    const { publicKey } = (await startPasskeyFactor(ticket)).body;
    expect(publicKey.allowCredentials).toHaveLength(1);
    const response = await authenticator.get(publicKey);
    const answers = await Promise.all(Array.from({ length: 5 }, () => verifyPasskeyFactor(ticket, response)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401, 401]);
    const entered = answers.find(({ status }) => status === 200);
    expect((await call('/v1/me', { token: entered?.body.session.accessToken })).body.id).toBe(user.user.id);
    expect(await loginCount(user)).toBe(1);
    expect((await verify(ticket, codeOf(user.secret))).body.code).toBe('invalid_ticket');
  });

  it('is refused when it is somebody else’s, or was asked for something else', async () => {
    const [user, thief] = [await newTwoFactorUser(), await newTwoFactorUser()];
    const { authenticator } = await newPasskey(user);
    const theirs = await newPasskey(thief);
    const ticket = await newTicket(user);
    const asked = (await startPasskeyFactor(ticket)).body.publicKey;
    const stranger = await theirs.authenticator.get({ ...asked, allowCredentials: [] });
    const forLogin = await authenticator.get(await startPasskeyLogin());
    const ofThief = (await startPasskeyFactor(await newTicket(thief))).body.publicKey;
    const forThief = await authenticator.get({ ...asked, challenge: ofThief.challenge });
    const byThief = await theirs.authenticator.get(ofThief);
    for (const response of [stranger, forLogin, forThief, byThief]) {
      expect((await verifyPasskeyFactor(ticket, response)).body.code).toBe('invalid_passkey');
    }
    for (const quirks of [{ origin: 'https://evil.example' }, { userVerified: false }, { signCount: 0 }]) {
      expect((await verifyPasskeyFactor(ticket, await authenticator.get(asked, quirks))).status).toBe(
        quirks.signCount === 0 ? 200 : 401,
      );
    }
  });

  it('needs a ticket, and an account that has one', async () => {
    const user = await newTwoFactorUser();
    const ticket = await newTicket(user);
    expect((await startPasskeyFactor(ticket)).body.code).toBe('no_passkeys');
    expect((await startPasskeyFactor(`cpt_${'A'.repeat(43)}`)).body.code).toBe('invalid_ticket');
    const { authenticator } = await newPasskey(user);
    const response = await authenticator.get((await startPasskeyFactor(ticket)).body.publicKey);
    expect((await verifyPasskeyFactor(`cpt_${'A'.repeat(43)}`, response)).body.code).toBe('invalid_ticket');
  });

  it('is counted with the codes', async () => {
    const user = await newTwoFactorUser();
    const { authenticator } = await newPasskey(user);
    const ticket = await newTicket(user);
    const response = await authenticator.get((await startPasskeyFactor(ticket)).body.publicKey, {
      userVerified: false,
    });
    const answers = await Promise.all(Array.from({ length: 15 }, () => verifyPasskeyFactor(ticket, response)));
    expect(answers.filter(({ body }) => body.code === 'invalid_passkey')).toHaveLength(10);
    expect((await verify(ticket, codeOf(user.secret))).body.code).toBe('too_many_attempts');
  });
});
