import { clientOf } from '../../../http/client-address.ts';
import { json, jsonBody, problems, publicRoute, type Router, scopedRoute } from '../../../http/openapi.ts';
import { answerSession, wantsCookies } from '../../../http/session-cookies.ts';
import { presentSignedIn } from '../identity.presenter.ts';
import { signedInSchema } from '../identity.schemas.ts';
import { presentEnrolment, presentFactors } from './two-factor.presenter.ts';
import {
  bothFactorsBody,
  confirmBody,
  enrollBody,
  enrolmentSchema,
  factorsSchema,
  recoveryCodesSchema,
  verifyCodeBody,
} from './two-factor.schemas.ts';

const tags = ['two factors'];

const verify = publicRoute({
  method: 'post',
  path: '/v1/auth/two-factor/verify',
  operationId: 'verifySecondFactor',
  tags,
  summary: 'Complete a login with a code',
  description:
    'With the ticket that the login answered, and a code of the authenticator app or a recovery code. Each code is taken ' +
    'once. A wrong code leaves the ticket good; after ten in 15 minutes there is a wait, which doubles: 429 ' +
    '`too_many_attempts`.',
  request: { body: jsonBody(verifyCodeBody) },
  responses: { 200: json(signedInSchema, 'The account and a new session.'), ...problems('unauthenticated') },
});

const get = scopedRoute('account:read', {
  method: 'get',
  path: '/v1/me/two-factor',
  operationId: 'getTwoFactor',
  tags,
  summary: 'Get your factors',
  description: 'Whether logging in takes a second factor, and what you have for it.',
  responses: { 200: json(factorsSchema, 'Your factors.') },
});

const enroll = scopedRoute('account:write', {
  method: 'post',
  path: '/v1/me/two-factor/enroll',
  operationId: 'enrollTwoFactor',
  tags,
  summary: 'Get a secret for an authenticator app',
  description:
    'Nothing changes until a code of the app confirms it. A newer secret replaces one that was not confirmed. Takes a ' +
    'session, not an API key.',
  request: { body: jsonBody(enrollBody) },
  responses: { 200: json(enrolmentSchema, 'The secret, shown this once.'), ...problems('conflict') },
});

const confirm = scopedRoute('account:write', {
  method: 'post',
  path: '/v1/me/two-factor/confirm',
  operationId: 'confirmTwoFactor',
  tags,
  summary: 'Turn two-factor authentication on',
  description:
    'With a code of the app that was enrolled. Ends every other session, tells you by mail, and answers with the recovery ' +
    'codes. API keys keep working. Takes a session, not an API key.',
  request: { body: jsonBody(confirmBody) },
  responses: { 200: json(recoveryCodesSchema, 'It is on. The recovery codes.'), ...problems('conflict') },
});

const disable = scopedRoute('account:write', {
  method: 'post',
  path: '/v1/me/two-factor/disable',
  operationId: 'disableTwoFactor',
  tags,
  summary: 'Turn two-factor authentication off',
  description:
    'With the password, and a code unless you logged in less than 15 minutes ago. The secret and the recovery codes are ' +
    'removed; passkeys stay. Takes a session, not an API key.',
  request: { body: jsonBody(bothFactorsBody) },
  responses: { 204: { description: 'The password alone is enough again.' }, ...problems('conflict') },
});

const replaceCodes = scopedRoute('account:write', {
  method: 'post',
  path: '/v1/me/two-factor/recovery-codes',
  operationId: 'replaceRecoveryCodes',
  tags,
  summary: 'Get new recovery codes',
  description:
    'With the password, and a code unless you logged in less than 15 minutes ago. The older codes are worthless then. ' +
    'Takes a session, not an API key.',
  request: { body: jsonBody(bothFactorsBody) },
  responses: { 200: json(recoveryCodesSchema, 'The new codes.'), ...problems('conflict') },
});

/** Authenticator apps and recovery codes. Answers with secrets or tokens in them may not be stored on the way. */
export function twoFactorRoutes(app: Router): void {
  app.openapi(verify, async (c) => {
    const { cookie, ...login } = c.req.valid('json');
    const inCookies = wantsCookies(c, cookie);
    const signedIn = await c.var.services.secondFactor.verify({ ...login, ...clientOf(c) });
    c.header('cache-control', 'no-store');
    return c.json(presentSignedIn(answerSession(c, signedIn, inCookies)), 200);
  });

  app.openapi(get, async (c) => {
    const factors = await c.var.services.twoFactor.getFactors(c.var.actor);
    return c.json(presentFactors(factors), 200);
  });

  app.openapi(enroll, async (c) => {
    const enrolment = await c.var.services.twoFactor.enroll(c.var.actor, c.req.valid('json').password);
    c.header('cache-control', 'no-store');
    return c.json(presentEnrolment(enrolment), 200);
  });

  app.openapi(confirm, async (c) => {
    const recoveryCodes = await c.var.services.twoFactor.confirm(c.var.actor, c.req.valid('json').code);
    c.header('cache-control', 'no-store');
    return c.json({ recoveryCodes }, 200);
  });

  app.openapi(disable, async (c) => {
    await c.var.services.twoFactor.disable(c.var.actor, c.req.valid('json'));
    return c.body(null, 204);
  });

  app.openapi(replaceCodes, async (c) => {
    const recoveryCodes = await c.var.services.twoFactor.replaceRecoveryCodes(c.var.actor, c.req.valid('json'));
    c.header('cache-control', 'no-store');
    return c.json({ recoveryCodes }, 200);
  });
}
