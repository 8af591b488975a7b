import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import { newApiKey, newUser, type TestUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { allRows } from './support/catalogue.ts';
import { roundTrips } from './support/costs.ts';
import {
  ageSession,
  logInWithPasskey,
  loginCount,
  newPasskey,
  newTicket,
  newTwoFactorUser,
  type Problem,
  startPasskeyFactor,
  startPasskeyLogin,
  startRegistration,
  stopClock,
  verifyPasskeyFactor,
} from './support/factors.ts';
import { mailsTo } from './support/outbox.ts';
import { createSoftwareAuthenticator, type Quirks } from './support/software-authenticator.ts';

type Passkey = {
  id: string;
  name: string;
  backedUp: boolean;
  transports: string[];
  lastUsedAt: string | null;
  version: number;
};

const MINUTE_MS = 60_000;

const register = ({ token }: Pick<TestUser, 'token'>, response: object, name = 'Phone') =>
  call<Passkey & Problem>('/v1/me/passkeys/registration/verify', { token, body: { name, response } });
const list = async ({ token }: Pick<TestUser, 'token'>) =>
  (await call<{ items: Passkey[] }>('/v1/me/passkeys', { token })).body.items;
const subjects = async ({ user }: Pick<TestUser, 'user'>) => (await mailsTo(user.email)).map(({ subject }) => subject);

beforeEach(() => stopClock());

describe('a passkey', () => {
  it('is registered, logs in without a name or password, and is shown', async () => {
    const user = await newUser({ fullName: 'Ada Lovelace' });
    const authenticator = createSoftwareAuthenticator();
    const options = await startRegistration(user);
    expect([options.status, options.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(options.body.publicKey).toMatchObject({
      rp: { id: 'localhost', name: 'Commonplace' },
      user: {
        id: Buffer.from(user.user.id).toString('base64url'),
        name: user.user.username,
        displayName: 'Ada Lovelace',
      },
      challenge: expect.stringMatching(/^[\w-]{43}$/),
      excludeCredentials: [],
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      attestation: 'none',
    });
    const made = await register(user, await authenticator.create(options.body.publicKey), ' Phone ');
    expect([made.status, made.headers.get('etag')]).toEqual([201, '"1"']);
    expect(made.body).toMatchObject({ name: 'Phone', backedUp: false, transports: ['internal'], lastUsedAt: null });

    const asked = await startPasskeyLogin();
    expect(asked).toMatchObject({ rpId: 'localhost', allowCredentials: [], userVerification: 'required' });
    const entered = await logInWithPasskey(await authenticator.get(asked));
    expect([entered.status, entered.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(entered.body.user.id).toBe(user.user.id);
    expect((await call('/v1/me', { token: entered.body.session.accessToken })).status).toBe(200);
    expect(await loginCount(user)).toBe(1);
    expect(await list(user)).toMatchObject([{ id: made.body.id, lastUsedAt: new Date().toISOString() }]);
    const mail = (await mailsTo(user.user.email)).find(({ subject }) => subject === 'A passkey was added');
    expect(mail?.text).toContain('“Phone”');
  });

  it('is two factors in one: no code is asked for after it', async () => {
    const user = await newTwoFactorUser();
    const { authenticator } = await newPasskey(user);
    const entered = await logInWithPasskey(await authenticator.get(await startPasskeyLogin()));
    expect([entered.status, entered.body.user.id]).toEqual([200, user.user.id]);
  });

  it('has a name that can be changed, by those who have read it', async () => {
    const user = await newUser();
    const { id } = await newPasskey(user);
    const path = `/v1/me/passkeys/${id}`;
    const rename = (body: object, headers = {}) =>
      call<Passkey & Problem>(path, { method: 'PATCH', token: user.token, body, headers });
    const changed = await rename({ name: 'Laptop', version: 1 });
    expect([changed.status, changed.headers.get('etag'), changed.body.name]).toEqual([200, '"2"', 'Laptop']);
    expect((await rename({ name: 'Late', version: 1 })).status).toBe(412);
    for (const name of ['', ' ', 'two\nlines', 'x'.repeat(101)])
      expect((await rename({ name })).status, name).toBe(422);
    expect(await list(user)).toMatchObject([{ name: 'Laptop', version: 2 }]);
  });

  it('logs in no more once it is deleted, which takes a recent login', async () => {
    const user = await newUser();
    const { id, authenticator } = await newPasskey(user);
    const remove = () => call<Problem>(`/v1/me/passkeys/${id}`, { method: 'DELETE', token: user.token });
    await ageSession(user, 15 * MINUTE_MS);
    expect((await remove()).body).toMatchObject({ status: 403, code: 'recent_login_required' });
    const { body } = await logInWithPasskey(await authenticator.get(await startPasskeyLogin()));
    user.token = body.session.accessToken;
    expect((await remove()).status).toBe(204);
    expect((await remove()).status).toBe(404);
    expect((await logInWithPasskey(await authenticator.get(await startPasskeyLogin()))).body.code).toBe(
      'invalid_passkey',
    );
    expect(await subjects(user)).toContain('A passkey was removed');
  });

  it('is not managed by an API key, nor added by a session that was opened long ago', async () => {
    const user = await newUser();
    const { id } = await newPasskey(user);
    const { key } = await newApiKey(user, ['account:read', 'account:write']);
    const body = { name: 'No' };
    for (const refused of [
      await startRegistration({ token: key }),
      await register(
        { token: key },
        await createSoftwareAuthenticator().create((await startRegistration(user)).body.publicKey),
      ),
      await call(`/v1/me/passkeys/${id}`, { method: 'PATCH', token: key, body }),
      await call(`/v1/me/passkeys/${id}`, { method: 'DELETE', token: key }),
    ])
      expect([refused.status, refused.body.code]).toEqual([403, 'session_required']);
    expect(await list({ token: key })).toHaveLength(1);
    await ageSession(user, 15 * MINUTE_MS);
    expect((await startRegistration(user)).body.code).toBe('recent_login_required');
  });

  it('is one of twenty at most, and is registered once', async () => {
    const user = await newUser();
    const { authenticator } = await newPasskey(user);
    const again = (await startRegistration(user)).body.publicKey;
    expect(again.excludeCredentials).toMatchObject([{ type: 'public-key', transports: ['internal'] }]);
    await expect(authenticator.create(again)).rejects.toThrow('InvalidStateError');
    const credentialId = again.excludeCredentials[0].id;
    const forged = await createSoftwareAuthenticator().create({ ...again, excludeCredentials: [] }, { credentialId });
    const taken = await register(user, forged);
    expect([taken.status, taken.body.code]).toEqual([409, 'passkey_taken']);
    const other = await newUser();
    const stolen = await createSoftwareAuthenticator().create((await startRegistration(other)).body.publicKey, {
      credentialId,
    });
    expect((await register(other, stolen)).body.code).toBe('passkey_taken');

    const insert = env.DB.prepare(
      "insert into passkeys (id, owner_id, name, credential_id, public_key, sign_count, transports, backed_up, created_at, updated_at) values (?, ?, 'k', ?, 'k', 0, '[]', 0, 1, 1)",
    );
    const waiting = (await startRegistration(user)).body.publicKey;
    await env.DB.batch(
      Array.from({ length: 19 }, () => insert.bind(crypto.randomUUID(), user.user.id, crypto.randomUUID())),
    );
    for (const refused of [
      await startRegistration(user),
      await register(user, await createSoftwareAuthenticator().create(waiting)),
    ])
      expect([refused.status, refused.body.code]).toEqual([409, 'too_many_passkeys']);
  });

  it('costs few round trips', async () => {
    const user = await newTwoFactorUser();
    await list(user);
    const options = await startRegistration(user);
    expect(roundTrips(options)).toBe(1);
    const authenticator = createSoftwareAuthenticator();
    expect(roundTrips(await register(user, await authenticator.create(options.body.publicKey)))).toBe(1);
    expect(roundTrips(await call('/v1/auth/passkeys/options', { method: 'POST' }))).toBe(1);
    expect(roundTrips(await logInWithPasskey(await authenticator.get(await startPasskeyLogin())))).toBe(2);
    const ticket = await newTicket(user);
    const asked = await startPasskeyFactor(ticket);
    expect(roundTrips(asked)).toBe(2);
    expect(roundTrips(await verifyPasskeyFactor(ticket, await authenticator.get(asked.body.publicKey)))).toBe(3);
  });
});

describe('a registration', () => {
  const attempt = async (quirks: Quirks) => {
    const user = await newUser();
    const { publicKey } = (await startRegistration(user)).body;
    const answer = await register(user, await createSoftwareAuthenticator().create(publicKey, quirks));
    expect(await list(user)).toEqual([]);
    return answer;
  };

  it.each<[what: string, quirks: Quirks]>([
    ['on another origin', { origin: 'https://evil.example' }],
    ['on another port', { origin: 'http://localhost:9000' }],
    ['inside a page of another origin', { crossOrigin: true }],
    ['for another relying party', { rpId: 'evil.example' }],
    ['of another challenge', { challenge: 'A'.repeat(43) }],
    ['of no challenge', { challenge: '' }],
    ['without its user verified', { userVerified: false }],
    ['that is a login', { type: 'webauthn.get' }],
    ['with an attestation nobody knows', { attestation: { format: 'unheard-of', statement: new Map() } }],
    ['with certificates', { attestation: { format: 'packed', statement: new Map([['x5c', [new Uint8Array(8)]]]) } }],
    ['with an attestation of an old key', { attestation: { format: 'fido-u2f', statement: new Map() } }],
  ])('%s is refused', async (_, quirks) => {
    const refused = await attempt(quirks);
    expect([refused.status, refused.body.code]).toEqual([422, 'invalid_registration']);
    expect(refused.body.detail).not.toMatch(/origin|challenge|RP ID/);
  });

  it('that the new key has signed itself is taken: some browsers leave that in', async () => {
    const user = await newUser();
    const { publicKey } = (await startRegistration(user)).body;
    const response = await createSoftwareAuthenticator().create(publicKey, { attestation: 'self' });
    expect((await register(user, response)).status).toBe(201);
  });

  it('is refused for the challenge of somebody else, an older one, an expired one, and one that was used', async () => {
    const [user, other] = [await newUser(), await newUser()];
    const authenticator = createSoftwareAuthenticator();
    const create = async ({ publicKey }: { publicKey: Parameters<typeof authenticator.create>[0] }) =>
      authenticator.create({ ...publicKey, excludeCredentials: [] });
    const older = await create((await startRegistration(user)).body);
    expect((await register(other, older)).body.code).toBe('invalid_registration');
    const newer = await create((await startRegistration(user)).body);
    expect((await register(user, older)).body.code).toBe('invalid_registration');
    const answers = await Promise.all(Array.from({ length: 5 }, () => register(user, newer)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 422, 422, 422, 422]);
    const late = await create((await startRegistration(user)).body);
    stopClock(5 * MINUTE_MS);
    expect((await register(user, late)).body.code).toBe('invalid_registration');
    const asked = await startPasskeyLogin();
    const ofLogin = await create({
      publicKey: { ...(await startRegistration(user)).body.publicKey, challenge: asked.challenge },
    });
    expect((await register(user, ofLogin)).body.code).toBe('invalid_registration');
    expect(await list(user)).toHaveLength(1);
  });

  it('that cannot be read is refused', async () => {
    const user = await newUser();
    const { publicKey } = (await startRegistration(user)).body;
    const good = await createSoftwareAuthenticator().create(publicKey);
    const { response } = good;
    const broken = [
      { ...good, id: 'AAAA', rawId: 'AAAA' },
      { ...good, rawId: 'AAAA' },
      { ...good, response: { ...response, attestationObject: 'AAAA' } },
      { ...good, response: { ...response, attestationObject: response.attestationObject.slice(0, -20) } },
      { ...good, response: { ...response, attestationObject: '_'.repeat(60_000) } },
      { ...good, response: { ...response, attestationObject: 'gYGB'.repeat(16_000) } },
      { ...good, response: { ...response, clientDataJSON: 'bnVsbA' } },
      { ...good, response: { ...response, clientDataJSON: 'AAAA' } },
    ];
    for (const one of broken) {
      expect((await register(user, one)).body.code, JSON.stringify(one).slice(0, 300)).toBe('invalid_registration');
    }
    expect((await register(user, good)).status).toBe(201);
  });
});

describe('an installation without a domain name', () => {
  it('says that it has no passkeys', async () => {
    const user = await newUser();
    const bindings = { ...env, PUBLIC_URL: 'http://127.0.0.1:8787' };
    const answers = [
      await startRegistration(user, { bindings }),
      await call('/v1/auth/passkeys/options', { method: 'POST', bindings }),
    ];
    for (const { status, body } of answers) expect([status, body.code]).toEqual([409, 'passkeys_not_configured']);
    expect(
      (await allRows()).some(({ table, row }) => table === 'passkey_challenges' && row.owner_id === user.user.id),
    ).toBe(false);
  });
});
