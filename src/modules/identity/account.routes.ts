import { clientAddress } from '../../http/client-address.ts';
import { json, jsonBody, problems, publicRoute, type Router, scopedRoute } from '../../http/openapi.ts';
import { clearSessionCookies } from '../../http/session-cookies.ts';
import { acceptedSchema, changeEmailBody, deactivateBody, reactivateBody } from './identity.schemas.ts';

const changeEmail = scopedRoute('account:write', {
  method: 'post',
  path: '/v1/me/email',
  operationId: 'changeEmail',
  tags: ['me'],
  summary: 'Change your e-mail address',
  description:
    'Mails a token to the new address, and a notice to the present one, which stays until the token is sent to ' +
    '`/v1/auth/email/verify`. Asking again, or changing the password, ends what was asked for before. At most five mails ' +
    'an hour.',
  request: { body: jsonBody(changeEmailBody) },
  responses: { 202: json(acceptedSchema, 'The mail is on its way.'), ...problems('conflict') },
});

const deactivate = scopedRoute('account:write', {
  method: 'post',
  path: '/v1/me/deactivate',
  operationId: 'deactivateMe',
  tags: ['me'],
  summary: 'Deactivate your account',
  description:
    'Ends all sessions; API keys stop working. Nothing is deleted: `/v1/auth/reactivate` brings the account back, and the ' +
    'keys with it. Only a session can do this.',
  request: { body: jsonBody(deactivateBody) },
  responses: { 204: { description: 'It is deactivated.' } },
});

const reactivate = publicRoute({
  method: 'post',
  path: '/v1/auth/reactivate',
  operationId: 'reactivate',
  tags: ['auth'],
  summary: 'Bring a deactivated account back',
  description:
    'If its owner deactivated it. Log in afterwards. Answers the same for an unknown account and a wrong password, and ' +
    'counts attempts together with logins.',
  request: { body: jsonBody(reactivateBody) },
  responses: { 204: { description: 'It is active again.' }, ...problems('unauthenticated', 'forbidden', 'conflict') },
});

/** What an account is reached by, and whether it is. */
export function accountRoutes(app: Router): void {
  app.openapi(changeEmail, async (c) => {
    await c.var.services.emailChange.request(c.var.actor, c.req.valid('json'));
    return c.json({ status: 'accepted' as const }, 202);
  });

  app.openapi(deactivate, async (c) => {
    await c.var.services.deactivation.deactivate(c.var.actor, c.req.valid('json').password);
    clearSessionCookies(c);
    return c.body(null, 204);
  });

  app.openapi(reactivate, async (c) => {
    await c.var.services.deactivation.reactivate({ ...c.req.valid('json'), address: clientAddress(c) });
    return c.body(null, 204);
  });
}
