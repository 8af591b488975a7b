import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { FLOOD_PERIOD_SECONDS } from '../../src/limit-objects/flood-wall.ts';

it('the wall has the period that callers are told, in both environments', () => {
  const wrangler = readFileSync(path.resolve(import.meta.dirname, '../../wrangler.toml'), 'utf8');
  const walls = wrangler.matchAll(/name = "FLOOD_WALL"\nnamespace_id = "\d+"\nsimple = \{.*period = (\d+) \}/g);
  expect([...walls].map(([, period]) => Number(period))).toEqual([FLOOD_PERIOD_SECONDS, FLOOD_PERIOD_SECONDS]);
});
