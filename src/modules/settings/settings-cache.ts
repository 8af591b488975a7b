import type { Config } from '../../config.ts';
import { findSetting } from './settings.registry.ts';

/** A stored value, or null where the configured one holds. */
type Stored = { key: string; value: unknown; version: number };

export type SettingsCache = {
  /** The configuration as the settings have it, as far as this isolate knows. */
  config(): Config;
  /**
   * Whether what is known may be used: `aging` when somebody should read it again without waiting, `expired` when it
   * must be read first.
   */
  state(): 'fresh' | 'aging' | 'expired';
  /** Takes it on to read the settings, so that nobody else does meanwhile. @returns the time, for `fill`. */
  beginReading(): number;
  /** Puts in all rows as they were at that time or after it, unless newer ones are known. */
  fill(rows: readonly Stored[], readAt: number): void;
  /** Nobody answered: what is known serves for another moment. @returns false when nothing is known yet. */
  makeDo(): boolean;
};

/**
 * How long what was read may be used, in milliseconds: a change takes effect within this time in every isolate, and at
 * once in the one that made it.
 */
export const SETTINGS_BOUND_MS = 30_000;
/** Under traffic the settings are read again after this time, and nobody waits for it. */
const REFRESH_AFTER_MS = 15_000;
/** Whoever reads them again may die over it. */
const RETRY_AFTER_MS = 5_000;

/** The settings as this isolate last read them. */
export function createSettingsCache({ config, now }: { config: Config; now: () => number }): SettingsCache {
  let effective = config;
  let agesAt = 0;
  let expiresAt = 0;
  let changes = 0;

  return {
    config: () => effective,

    state() {
      if (now() >= expiresAt) return 'expired';
      return now() >= agesAt ? 'aging' : 'fresh';
    },

    beginReading() {
      agesAt = now() + RETRY_AFTER_MS;
      return now();
    },

    fill(rows, readAt) {
      // Rows are never removed and each change counts, so that the sum says which of two states is the newer.
      const total = rows.reduce((sum, { version }) => sum + version, 0);
      if (total < changes) return;
      changes = total;
      effective = withSettings(config, rows);
      agesAt = readAt + REFRESH_AFTER_MS;
      expiresAt = readAt + SETTINGS_BOUND_MS;
    },

    makeDo() {
      if (expiresAt === 0) return false;
      agesAt = now() + RETRY_AFTER_MS;
      expiresAt = Math.max(expiresAt, agesAt);
      return true;
    },
  };
}

/** The configuration with what is stored in place of its defaults. What a setting does not allow any more is left out. */
function withSettings(config: Config, rows: readonly Stored[]): Config {
  const effective = { ...config };
  for (const { key, value } of rows) {
    const setting = value === null ? undefined : findSetting(key);
    const parsed = setting?.schema.safeParse(value);
    if (setting && parsed?.success) Object.assign(effective, { [setting.variable]: parsed.data });
  }
  return effective;
}
