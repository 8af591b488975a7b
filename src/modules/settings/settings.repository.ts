import { eq, sql } from 'drizzle-orm';
import type { Database, Statement } from '../../db/client.ts';
import { inJson, requireThat } from '../../db/sql.ts';
import { staleVersion } from '../../shared/app-error.ts';
import { settingNames } from './settings.registry.ts';
import { type SettingRow, systemSettings } from './settings.table.ts';

export type SettingWrite = { key: string; value: SettingRow['value']; updatedBy: string; now: number };

/** Rows of settings that were ever changed. They belong to nobody. */
export function createSettingsRepository(database: Database) {
  const { orm } = database;

  return {
    /** Those of all settings that there are now. */
    selectAll: (): Statement<SettingRow[]> =>
      orm.select().from(systemSettings).where(inJson(systemSettings.key, settingNames)),

    async find(key: string): Promise<SettingRow | undefined> {
      const rows = await orm.select().from(systemSettings).where(eq(systemSettings.key, key));
      return rows[0];
    },

    /** Undoes the batch unless the setting has this version; one that was never changed has version 0. */
    requireVersion(key: string, expectedVersion: number | undefined): Statement[] {
      if (expectedVersion === undefined) return [];
      const version = orm
        .select({ version: systemSettings.version })
        .from(systemSettings)
        .where(eq(systemSettings.key, key));
      const condition = sql`coalesce(${version}, 0) = ${expectedVersion}`;
      return [requireThat(database, { condition, refusal: () => staleVersion('setting') })];
    },

    /** Sets a value, or with null the default. */
    write({ key, value, updatedBy, now }: SettingWrite): Statement {
      return orm
        .insert(systemSettings)
        .values({ key, value, updatedBy, updatedAt: now })
        .onConflictDoUpdate({
          target: systemSettings.key,
          set: { value, updatedBy, updatedAt: now, version: sql`${systemSettings.version} + 1` },
        });
    },
  };
}
