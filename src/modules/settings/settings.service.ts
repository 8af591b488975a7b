import type { Config } from '../../config.ts';
import type { Database, Statement } from '../../db/client.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Actor } from '../../shared/actor.ts';
import { AppError, notFound } from '../../shared/app-error.ts';
import { findSetting, type Setting, type SettingValue, settingNames } from './settings.registry.ts';
import { createSettingsRepository } from './settings.repository.ts';
import type { SettingRow } from './settings.table.ts';
import type { SettingsCache } from './settings-cache.ts';

type Deps = {
  database: Database;
  /** For reading the settings anew, which is nobody's request. */
  openDatabase: () => Database;
  cache: SettingsCache;
  /** As deployed. */
  defaults: Config;
  clock: Clock;
  logger: Logger;
  /** Milliseconds by part, shown in Server-Timing. */
  timings: Record<string, number>;
  waitUntil: (work: Promise<unknown>) => void;
  /** Undoes its batch unless the actor is an administrator still. */
  requireAdmin: (actor: Actor) => Statement[];
};

/** A setting as it stands. Version 0: it was never changed. */
export type SettingState = Pick<Setting, 'unit' | 'meaning'> & {
  name: string;
  value: SettingValue;
  default: SettingValue;
  isDefault: boolean;
  version: number;
  updatedBy: string | null;
  /** Milliseconds since the epoch. */
  updatedAt: number | null;
};

type Versioned = { name: string; expectedVersion?: number | undefined };

/** What operators may change without deploying: read by every isolate, changed by administrators. */
export function createSettingsService(deps: Deps) {
  const { database, cache, defaults, clock, logger } = deps;
  const repository = createSettingsRepository(database);

  const stateOf = (name: string, { setting, row }: { setting: Setting; row: SettingRow | undefined }): SettingState => {
    const stored = row === undefined || row.value === null ? undefined : setting.schema.safeParse(row.value).data;
    const preset = defaults[setting.variable];
    return {
      name,
      value: stored ?? preset,
      default: preset,
      isDefault: stored === undefined,
      ...(setting.unit && { unit: setting.unit }),
      meaning: setting.meaning,
      version: row?.version ?? 0,
      updatedBy: row?.updatedBy ?? null,
      updatedAt: row?.updatedAt ?? null,
    };
  };

  const getSetting = (name: string): Setting => {
    const setting = findSetting(name);
    if (!setting) throw notFound('setting');
    return setting;
  };

  const read = async (): Promise<void> => {
    const startedAt = cache.beginReading();
    try {
      cache.fill(await createSettingsRepository(deps.openDatabase()).selectAll(), startedAt);
    } catch (error) {
      logger.error('settings.not_read', error);
      // An isolate that knows none must not let in by a default whom a setting keeps out.
      if (!cache.makeDo()) throw settingsUnavailable(error);
    }
  };

  const write = async (actor: Actor, { name, expectedVersion, value }: Versioned & { value: SettingValue | null }) => {
    const setting = getSetting(name);
    const now = clock.now();
    const rows = await database.commitAndRead(
      [
        ...deps.requireAdmin(actor),
        ...repository.requireVersion(name, expectedVersion),
        repository.write({ key: name, value, updatedBy: actor.userId, now }),
      ],
      repository.selectAll(),
    );
    cache.fill(rows, now);
    return stateOf(name, { setting, row: rows.find(({ key }) => key === name) });
  };

  return {
    /**
     * Resolves when the settings that this isolate knows may be used, which mostly is at once. The first request of an
     * isolate, and one after 30 idle seconds, waits for them while its credential is checked.
     * @throws AppError `unavailable` when this isolate has never been able to read them.
     */
    async ready(): Promise<void> {
      const state = cache.state();
      if (state === 'aging') deps.waitUntil(read());
      if (state !== 'expired') return;
      const start = performance.now();
      await read();
      deps.timings.settings = performance.now() - start;
    },

    async list(): Promise<SettingState[]> {
      const rows = new Map((await repository.selectAll()).map((row) => [row.key, row]));
      return settingNames.map((name) => stateOf(name, { setting: getSetting(name), row: rows.get(name) }));
    },

    async get(name: string): Promise<SettingState> {
      const setting = getSetting(name);
      return stateOf(name, { setting, row: await repository.find(name) });
    },

    /** @throws invalid_fields for a value that the setting does not allow; stale_version. */
    async change(actor: Actor, { name, value, expectedVersion }: Versioned & { value: SettingValue }) {
      const parsed = getSetting(name).schema.safeParse(value);
      if (parsed.success) return write(actor, { name, value: parsed.data, expectedVersion });
      throw new AppError('invalid_fields', 'The setting does not allow this value.', {
        errors: parsed.error.issues.map(({ message }) => ({ path: 'value', message })),
      });
    },

    /** Back to the configured default. */
    reset: (actor: Actor, setting: Versioned): Promise<SettingState> => write(actor, { ...setting, value: null }),
  };
}

const settingsUnavailable = (cause: unknown) =>
  new AppError('unavailable', 'The settings cannot be read at present; try again shortly.', {
    retryAfterSeconds: 2,
    cause,
  });

export type SettingsService = ReturnType<typeof createSettingsService>;
