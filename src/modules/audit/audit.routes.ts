import { z } from '@hono/zod-openapi';
import { json, problems, type Router, scopedRoute } from '../../http/openapi.ts';
import { presentAuditEntry, presentSecurityEvent, presentVerification } from './audit.presenter.ts';
import {
  auditEntrySchema,
  auditPageSchema,
  exportAuditQuery,
  listAuditQuery,
  securityEventPageSchema,
  securityEventsQuery,
  verificationSchema,
  verifyAuditQuery,
} from './audit.schemas.ts';
import { EXPORT_TYPES, exportStream } from './export.ts';

const tags = ['audit'];

const list = scopedRoute('admin', {
  method: 'get',
  path: '/v1/admin/audit-logs',
  operationId: 'listAuditLogs',
  tags,
  summary: 'List audit entries',
  description:
    'Who did what, to what, from where and with what outcome, newest first: every write, every event that concerns ' +
    'security, and every call of an administrator. Entries are never changed or removed. All filters must match.',
  request: { query: listAuditQuery },
  responses: { 200: json(auditPageSchema, 'One page.'), ...problems('invalid_fields') },
});

const download = scopedRoute('admin', {
  method: 'get',
  path: '/v1/admin/audit-logs/export',
  operationId: 'exportAuditLogs',
  tags,
  summary: 'Export audit entries',
  description:
    'Those that match, oldest first, as a stream: a JSON object in each line, or CSV. Each has its hash and the one ' +
    'before it, so that it can be verified without the server (`npm run audit:verify -- --file`).',
  request: { query: exportAuditQuery },
  responses: {
    200: {
      description: 'The entries.',
      content: {
        'application/x-ndjson': { schema: z.string().openapi({ example: '{"seq":1}\n' }) },
        'text/csv': { schema: z.string().openapi({ example: '"seq"\r\n"1"\r\n' }) },
      },
    },
    ...problems('invalid_fields'),
  },
});

const verify = scopedRoute('admin', {
  method: 'get',
  path: '/v1/admin/audit-logs/verify',
  operationId: 'verifyAuditLogs',
  tags,
  summary: 'Verify the audit log',
  description:
    'Computes the chain of hashes anew over one stretch of the log, and says the first place where an entry was removed, ' +
    'changed, put in or moved. Go on with `nextAfter`. Entries are sealed within a minute; of those that are newer, a ' +
    'removal shows as a missing number, and a change does not.',
  request: { query: verifyAuditQuery },
  responses: { 200: json(verificationSchema, 'What was found.'), ...problems('invalid_fields') },
});

const listOwn = scopedRoute('account:read', {
  method: 'get',
  path: '/v1/me/security-events',
  operationId: 'listSecurityEvents',
  tags: ['me'],
  summary: 'List your security history',
  description:
    'Logins and failed ones, changes of passwords, sessions and API keys, and calls that lacked a scope, newest first.',
  request: { query: securityEventsQuery },
  responses: { 200: json(securityEventPageSchema, 'One page.'), ...problems('invalid_fields') },
});

/** What was done, for those who have to know. */
export function auditRoutes(app: Router): void {
  app.openapi(list, async (c) => {
    const { items, nextCursor } = await c.var.services.auditLog.list(c.req.valid('query'));
    return c.json({ items: items.map(presentAuditEntry), nextCursor }, 200);
  });

  app.openapi(download, (c) => {
    const { format, ...filter } = c.req.valid('query');
    const pages = c.var.services.auditLog.all(filter);
    const columns = Object.keys(auditEntrySchema.shape);
    c.header('content-type', EXPORT_TYPES[format]);
    c.header('content-disposition', `attachment; filename="audit-logs.${format}"`);
    return c.body(exportStream(pages, { format, columns, present: presentAuditEntry }), 200);
  });

  app.openapi(verify, async (c) => {
    const verification = await c.var.services.chain.verify(c.req.valid('query'));
    return c.json(presentVerification(verification), 200);
  });

  app.openapi(listOwn, async (c) => {
    const { items, nextCursor } = await c.var.services.auditLog.listOwn(c.var.actor, c.req.valid('query'));
    return c.json({ items: items.map((entry) => presentSecurityEvent(entry, c.var.actor)), nextCursor }, 200);
  });
}
