import { describe, expect, it } from 'vitest';
import { type Config, parseConfig } from '../../src/config.ts';
import { SETTINGS } from '../../src/modules/settings/settings.registry.ts';
import { createSettingsCache, SETTINGS_BOUND_MS } from '../../src/modules/settings/settings-cache.ts';

const config = parseConfig({});

describe('the registry of settings', () => {
  it.each(Object.entries(SETTINGS))('%s allows its default, and says what it means', (name, setting) => {
    const { variable, schema, meaning } = setting;
    expect(schema.safeParse(config[variable]).success).toBe(true);
    expect(meaning).toMatch(/^[A-Z].*\.$/);
    expect(variable.toLowerCase().replaceAll('_', '')).toBe(name.toLowerCase());
  });

  it('has each variable once', () => {
    const variables = Object.values(SETTINGS).map(({ variable }) => variable);
    expect(new Set(variables).size).toBe(variables.length);
  });
});

describe('what an isolate knows of the settings', () => {
  const row = (value: unknown, version: number) => ({ key: 'passwordMinScore', value, version });
  const time = { now: 100_000 };
  const cache = () => {
    time.now = 100_000;
    return createSettingsCache({ config, now: () => time.now });
  };
  const score = (known: { config(): Config }) => known.config().PASSWORD_MIN_SCORE;

  it('is used for half a minute, and read again from half of that on', () => {
    const known = cache();
    expect(known.state()).toBe('expired');
    known.fill([], known.beginReading());
    const states = [0, 14_999, 15_000, 29_999, 30_000].map((after) => {
      time.now = 100_000 + after;
      return known.state();
    });
    expect(states).toEqual(['fresh', 'fresh', 'aging', 'aging', 'expired']);
    expect(SETTINGS_BOUND_MS).toBe(30_000);
  });

  it('is as old as the beginning of its reading', () => {
    const known = cache();
    const startedAt = known.beginReading();
    time.now += 2_000;
    known.fill([], startedAt);
    time.now = startedAt + SETTINGS_BOUND_MS;
    expect(known.state()).toBe('expired');
  });

  it('is read again by one, and by another when that one died', () => {
    const known = cache();
    known.fill([], known.beginReading());
    time.now += 20_000;
    expect(known.state()).toBe('aging');
    known.beginReading();
    expect(known.state()).toBe('fresh');
    time.now += 5_000;
    expect(known.state()).toBe('aging');
  });

  it('is not undone by a reading that began before a change', () => {
    const known = cache();
    const startedAt = known.beginReading();
    known.fill([row(70, 2)], time.now);
    known.fill([row(10, 1)], startedAt);
    expect(score(known)).toBe(70);
    known.fill([row(null, 3)], time.now);
    expect(score(known)).toBe(config.PASSWORD_MIN_SCORE);
  });

  it('serves on while nobody answers, if there is any', () => {
    const known = cache();
    expect(known.makeDo()).toBe(false);
    expect(known.state()).toBe('expired');
    known.fill([row(70, 1)], known.beginReading());
    time.now += 60_000;
    expect(known.state()).toBe('expired');
    expect(known.makeDo()).toBe(true);
    expect([known.state(), score(known)]).toEqual(['fresh', 70]);
    time.now += 5_000;
    expect(known.state()).toBe('expired');
  });

  it.each([101, '50', true, {}, undefined])('leaves out a value that is not allowed: %j', (value) => {
    const known = cache();
    known.fill([row(value, 1), { key: 'retired', value: 1, version: 1 }], time.now);
    expect(known.config()).toEqual(config);
  });
});
