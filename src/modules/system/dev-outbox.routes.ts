import { z } from '@hono/zod-openapi';
import { json, problems, publicRoute, type Router } from '../../http/openapi.ts';
import { MAX_KEPT_MAILS, type Outbox } from '../../platform/mail/outbox.ts';
import { isoTime } from '../../shared/time.ts';

const outboxSchema = z
  .object({
    items: z.array(
      z.object({
        id: z.string(),
        to: z.string(),
        subject: z.string(),
        text: z.string(),
        html: z.string(),
        sentAt: z.iso.datetime(),
      }),
    ),
  })
  .openapi('Outbox');

const list = publicRoute({
  method: 'get',
  path: '/v1/dev/outbox',
  operationId: 'listOutbox',
  tags: ['system'],
  summary: 'Read the mails that this machine has not sent',
  description: `The last ${MAX_KEPT_MAILS}, newest first. There is no such path in production.`,
  request: {
    query: z.object({
      limit: z.coerce.number().int().min(1).max(MAX_KEPT_MAILS).default(20).openapi({ example: 20 }),
    }),
  },
  responses: { 200: json(outboxSchema, 'The mails.'), ...problems('invalid_fields') },
});

/** For developers, who have no other mailbox: shows everybody's mails to anyone, so only local servers register it. */
export const devOutboxRoutes = (outbox: Outbox) => (app: Router) => {
  app.openapi(list, async (c) => {
    const mails = await outbox.list(c.req.valid('query').limit);
    const items = mails.map(({ sentAt, ...mail }) => ({ ...mail, sentAt: isoTime(sentAt) }));
    return c.json({ items }, 200);
  });
};
