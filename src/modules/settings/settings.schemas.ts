import { z } from '@hono/zod-openapi';

const MAX_NAME_CHARS = 100;
const MAX_TEXT_CHARS = 1000;
const EXAMPLE = 'requestsPerMinutePerUser';

const value = z.union([z.number(), z.boolean(), z.string().max(MAX_TEXT_CHARS)]).openapi({ example: 1200 });

export const settingParam = z.object({
  key: z
    .string()
    .max(MAX_NAME_CHARS)
    .openapi({ param: { name: 'key', in: 'path' }, example: EXAMPLE, description: 'Name of the setting.' }),
});

export const changeSettingBody = z
  .object({
    value: value.openapi({ description: 'Of the type that the present value has.' }),
    version: z.number().int().min(0).optional().openapi({ description: 'The version that you read.' }),
  })
  .strict()
  .openapi('SettingChange');

export const settingSchema = z
  .object({
    key: z.string().openapi({ example: EXAMPLE }),
    value,
    default: value.openapi({ description: 'As deployed.' }),
    isDefault: z.boolean(),
    unit: z.string().nullable().openapi({ example: 'requests' }),
    meaning: z.string(),
    version: z.number().int().openapi({ description: '0 if it was never changed.' }),
    updatedBy: z.uuid().nullable().openapi({ description: 'Who changed it last, while that account exists.' }),
    updatedAt: z.iso.datetime().nullable(),
  })
  .openapi('Setting');

export const settingListSchema = z.object({ items: z.array(settingSchema) }).openapi('SettingList');
