import { z } from '@hono/zod-openapi';
import { pageOf, pageQuery } from '../../http/pagination.ts';
import { parseTime } from '../../shared/time.ts';
import { registerBody, sessionSchema, userSchema } from './identity.schemas.ts';

const MIN_QUERY_CHARS = 2;
const MAX_QUERY_CHARS = 254;

const role = z.enum(['user', 'admin']);
const status = z.enum(['active', 'deactivated']);
const { email, username, fullName } = registerBody.shape;
const time = z.iso.datetime({ offset: true }).transform(parseTime).optional();
const timeOf = (description: string) =>
  time.openapi({ type: 'string', format: 'date-time', example: '2026-11-22T09:30:00Z', description });
const timestamp = z.iso.datetime().openapi({ example: '2026-11-22T09:30:00.000Z' });
const OWN = {
  bio: true,
  theme: true,
  locale: true,
  timeZone: true,
  preferredModel: true,
  preferences: true,
  avatar: true,
} as const;
const count = z.number().int().openapi({ example: 3 });

export const listUsersQuery = pageQuery(['createdAt', 'username', 'lastLoginAt']).extend({
  q: z
    .string()
    .trim()
    .min(MIN_QUERY_CHARS)
    .max(MAX_QUERY_CHARS)
    .optional()
    .openapi({
      example: 'ada',
      description:
        'The beginning of the username, of the e-mail address, or of a word of the full name, in whatever case. Of ' +
        'several words each must be the beginning of something.',
    }),
  role: role.optional(),
  status: status.optional(),
  emailVerified: z.enum(['true', 'false']).optional(),
  createdAfter: timeOf('Made at that time or later.'),
  createdBefore: timeOf('Made at that time or earlier.'),
  lastLoginAfter: timeOf('Last logged in at that time or later.'),
});

export const newUserBody = z
  .object({
    email,
    username,
    fullName,
    role: role.default('user'),
    access: z.enum(['invitation', 'password']).default('invitation').openapi({
      description:
        '`invitation` mails a link to choose a password; `password` makes a password, which this answer tells you.',
    }),
  })
  .strict()
  .openapi('NewUser');

export const changeUserBody = z
  .object({
    role: role.optional(),
    status: status.optional(),
    fullName,
    version: z.number().int().positive().optional().openapi({ description: 'The version that you read.' }),
  })
  .strict()
  .refine(
    (body) => body.role !== undefined || body.status !== undefined || body.fullName !== undefined,
    'Give at least one field to change.',
  )
  .openapi('UserChanges');

/** What somebody's apps remember, and what they have chosen for themselves, is no business of administrators. */
const adminUserFields = userSchema.omit(OWN).extend({
  status: z.enum(['active', 'deactivated', 'erasing']),
  loginCount: count,
  lastLoginAt: timestamp.nullable(),
  lastActiveOn: z.string().nullable().openapi({
    example: '2026-11-22',
    description: 'The last day (UTC) on which the account logged in, refreshed a session or used an API key.',
  }),
  deactivatedAt: timestamp.nullable().openapi({ description: 'When it was last deactivated.' }),
  deactivatedBy: z.enum(['owner', 'admin']).nullable().openapi({ description: 'Null while it is active.' }),
  reactivatedAt: timestamp.nullable().openapi({ description: 'When it was last reactivated.' }),
  requestsPerMinute: count.nullable().openapi({ description: 'Its own limit; 0 for any number, null for the usual.' }),
  requestsPerHour: count.nullable().openapi({ description: 'Its own limit; 0 for any number, null for the usual.' }),
});

export const adminUserSchema = adminUserFields.openapi('AdminUser');
export const createdUserSchema = adminUserFields
  .extend({ password: z.string().nullable().openapi({ description: 'Shown this once; null with an invitation.' }) })
  .openapi('CreatedUser');
export const adminUserPageSchema = pageOf(adminUserSchema, 'AdminUserPage');

export const adminSessionPageSchema = pageOf(sessionSchema, 'AdminSessionPage');

export const userStatisticsSchema = z
  .object({
    total: count,
    byStatus: z.object({ active: count, deactivated: count }),
    byRole: z.object({ user: count, admin: count }),
    byEmail: z.object({ verified: count, unverified: count }),
    newPerDay: z
      .array(z.object({ day: z.string().openapi({ example: '2026-11-22' }), count }))
      .openapi({ description: 'The last 30 days (UTC), today last.' }),
    active: z
      .object({ lastDay: count, last7Days: count, last30Days: count })
      .openapi({ description: 'Accounts that logged in, refreshed a session or used an API key; days of UTC.' }),
  })
  .openapi('UserStatistics');
