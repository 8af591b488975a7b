import { json, jsonBody, problems, publicRoute, type Router } from '../../http/openapi.ts';
import { acceptedSchema, forgotPasswordBody, resetPasswordBody } from './identity.schemas.ts';
import { generatePassword } from './password-generator.ts';
import {
  generateBody,
  generatedSchema,
  generateQuery,
  recipeOf,
  strengthBody,
  strengthSchema,
} from './passwords.schemas.ts';

const tags = ['auth'];

const strength = publicRoute({
  method: 'post',
  path: '/v1/auth/password/strength',
  operationId: 'judgePassword',
  tags,
  summary: 'Judge a password',
  description:
    'How well it withstands guessing, and whether it would be taken for that username and address. Nothing is stored.',
  request: { body: jsonBody(strengthBody) },
  responses: { 200: json(strengthSchema, 'The judgement.') },
});

const suggest = publicRoute({
  method: 'get',
  path: '/v1/auth/password/generate',
  operationId: 'suggestPassword',
  tags,
  summary: 'Get a random password',
  description: 'Random characters, or with `words` a passphrase of random words. Nothing is stored.',
  request: { query: generateQuery },
  responses: { 200: json(generatedSchema, 'A new one.'), ...problems('invalid_fields') },
});

const generate = publicRoute({
  method: 'post',
  path: '/v1/auth/password/generate',
  operationId: 'generatePassword',
  tags,
  summary: 'Generate a random password',
  description: 'The same as by GET, for those who would rather send a body; `{}` will do.',
  request: { body: jsonBody(generateBody) },
  responses: { 200: json(generatedSchema, 'A new one.') },
});

const forgot = publicRoute({
  method: 'post',
  path: '/v1/auth/password/forgot',
  operationId: 'forgotPassword',
  tags,
  summary: 'Ask for a new password',
  description:
    'Mails a link to the address if an account has it. Answers the same, as fast, if none has. At most five mails an ' +
    'hour go to one account; a newer mail makes the older ones worthless.',
  request: { body: jsonBody(forgotPasswordBody) },
  responses: { 202: json(acceptedSchema, 'If there is such an account, a mail is on its way.') },
});

const reset = publicRoute({
  method: 'post',
  path: '/v1/auth/password/reset',
  operationId: 'resetPassword',
  tags,
  summary: 'Set a new password',
  description:
    'With the token that was mailed, once. Ends every session, and confirms the change by mail. API keys keep working ' +
    '(delete those that you do not trust), unless the address was never verified before: then keys, passkeys, linked ' +
    'accounts and the second factor are removed. A password that is refused does not use the token up.',
  request: { body: jsonBody(resetPasswordBody) },
  responses: { 204: { description: 'The new password holds; log in with it.' } },
});

/** Judging, making and replacing passwords. What is secret in an answer may not be stored on the way. */
export function passwordRoutes(app: Router): void {
  app.openapi(strength, async (c) => {
    const { password, ...owner } = c.req.valid('json');
    const judgement = await c.var.services.passwordPolicy.assess(password, owner);
    c.header('cache-control', 'no-store');
    return c.json(judgement, 200);
  });

  app.openapi(suggest, async (c) => {
    const { symbols, ...wish } = c.req.valid('query');
    const generated = await generatePassword(recipeOf({ ...wish, symbols: symbols !== 'false' }));
    c.header('cache-control', 'no-store');
    return c.json(generated, 200);
  });

  app.openapi(generate, async (c) => {
    const generated = await generatePassword(recipeOf(c.req.valid('json')));
    c.header('cache-control', 'no-store');
    return c.json(generated, 200);
  });

  app.openapi(forgot, (c) => {
    c.var.services.passwordReset.requestReset(c.req.valid('json').email);
    return c.json({ status: 'accepted' as const }, 202);
  });

  app.openapi(reset, async (c) => {
    await c.var.services.passwordReset.reset(c.req.valid('json'));
    return c.body(null, 204);
  });
}
