import type { z } from '@hono/zod-openapi';
import { isoTimeOrNull } from '../../shared/time.ts';
import type { settingSchema } from './settings.schemas.ts';
import type { SettingState } from './settings.service.ts';

export function presentSetting(setting: SettingState): z.output<typeof settingSchema> {
  return {
    key: setting.name,
    value: setting.value,
    default: setting.default,
    isDefault: setting.isDefault,
    unit: setting.unit ?? null,
    meaning: setting.meaning,
    version: setting.version,
    updatedBy: setting.updatedBy,
    updatedAt: isoTimeOrNull(setting.updatedAt),
  };
}
