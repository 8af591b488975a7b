import { z } from '@hono/zod-openapi';
import { ERASURE_STATUSES, remainsSchema } from './erasure.table.ts';

const MAX_TOKEN_CHARS = 200;
const timestamp = z.iso.datetime();
const status = z.enum(ERASURE_STATUSES);

export const receiptParam = z.object({
  token: z
    .string()
    .min(1)
    .max(MAX_TOKEN_CHARS)
    .openapi({ param: { name: 'token', in: 'path' }, example: 'cpe_…', description: 'The receipt.' }),
});

export const erasureBegunSchema = z
  .object({
    job: z.object({ id: z.uuid(), type: z.literal('erase_account'), status }),
    receipt: z.string().openapi({
      example: 'cpe_…',
      description: 'Asks for the state of the job when there is no account any more. Shown this once.',
    }),
    statusUrl: z.string().openapi({ example: '/v1/erasures/cpe_…' }),
  })
  .openapi('AccountErasureBegun');

export const erasureSchema = z
  .object({
    status,
    requestedAt: timestamp,
    startedAt: timestamp.nullable(),
    finishedAt: timestamp.nullable(),
    attempts: z.number().int().openapi({ description: 'That failed, or found something left, in a row.' }),
    remaining: remainsSchema.nullable().openapi({
      description:
        'What the last look at every store has found: rows by table and column, and so on. All zero is proof.',
    }),
    forgottenAt: timestamp.nullable().openapi({ description: 'Until when this receipt is good.' }),
  })
  .openapi('AccountErasure');
