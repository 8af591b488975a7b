import type { z } from '@hono/zod-openapi';
import { isoTimeOrNull } from '../../shared/time.ts';
import type { adminUserSchema } from './admin-users.schemas.ts';
import { presentUserCore } from './identity.presenter.ts';
import type { User } from './identity.table.ts';

export function presentAdminUser(user: User): z.output<typeof adminUserSchema> {
  return {
    ...presentUserCore(user),
    status: user.status,
    loginCount: user.loginCount,
    lastLoginAt: isoTimeOrNull(user.lastLoginAt),
    lastActiveOn: user.lastActiveOn,
    deactivatedAt: isoTimeOrNull(user.deactivatedAt),
    deactivatedBy: user.deactivatedBy,
    reactivatedAt: isoTimeOrNull(user.reactivatedAt),
    requestsPerMinute: user.requestLimitPerMinute,
    requestsPerHour: user.requestLimitPerHour,
  };
}
