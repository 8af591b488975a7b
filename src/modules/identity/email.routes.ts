import { json, jsonBody, problems, publicRoute, type Router, scopedRoute } from '../../http/openapi.ts';
import { presentUser } from './identity.presenter.ts';
import { acceptedSchema, userSchema, verifyEmailBody } from './identity.schemas.ts';

const tags = ['auth'];

const verify = publicRoute({
  method: 'post',
  path: '/v1/auth/email/verify',
  operationId: 'verifyEmail',
  tags,
  summary: 'Verify an e-mail address',
  description: 'With the token that was mailed to it, once. If it is a new one, it replaces the old one now.',
  request: { body: jsonBody(verifyEmailBody) },
  responses: { 200: json(userSchema, 'The account, with its address verified.'), ...problems('conflict') },
});

const resend = scopedRoute('account:write', {
  method: 'post',
  path: '/v1/auth/email/resend',
  operationId: 'resendVerification',
  tags,
  summary: 'Mail the verification again',
  description: 'With a new token; the older ones are worthless then. At most five mails an hour.',
  responses: { 202: json(acceptedSchema, 'The mail is on its way.'), ...problems('conflict', 'rate_limited') },
});

/** Whose address it is. */
export function emailRoutes(app: Router): void {
  app.openapi(verify, async (c) => {
    const user = await c.var.services.emailVerification.verify(c.req.valid('json').token);
    c.header('cache-control', 'no-store');
    return c.json(presentUser(user), 200);
  });

  app.openapi(resend, async (c) => {
    await c.var.services.emailVerification.resend(c.var.actor);
    return c.json({ status: 'accepted' as const }, 202);
  });
}
