import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');

/** How many requirements each section of ASVS 5.0.0 has on levels 1 and 2; those of level 3 come after them. */
const REQUIREMENTS: Record<string, number> = {
  ...{ '4.1': 3, '4.2': 1, '4.3': 2, '4.4': 4 },
  ...{ '6.1': 3, '6.2': 12, '6.3': 4, '6.4': 4, '6.5': 5, '6.6': 3, '6.8': 4 },
  ...{ '7.1': 3, '7.2': 4, '7.3': 2, '7.4': 5, '7.5': 2, '7.6': 2 },
  ...{ '8.1': 2, '8.2': 3, '8.3': 1, '8.4': 1 },
  ...{ '9.1': 3, '9.2': 4 },
  ...{ '10.1': 2, '10.2': 2, '10.3': 4, '10.4': 11, '10.5': 5, '10.6': 2, '10.7': 3 },
};

const document = read('docs/asvs.md');
const rows = document
  .split('\n')
  .filter((line) => /^\| \d+\.\d+\.\d+ \|/.test(line))
  .map((line) => {
    const [number = '', requirement = '', how = '', where = '', shownBy = ''] = line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim());
    return { number, requirement, how, where, shownBy };
  });

const quoted = [...document.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);
const tests = quoted.filter((text) => text.includes(' › ')).map((text) => text.split(' › '));
const files = quoted.filter((text) => /^[\w./-]+\.(ts|toml|html|md)$/.test(text));

describe('the table of security requirements', () => {
  it('names each of them once, in order', () => {
    const wanted = Object.entries(REQUIREMENTS).flatMap(([section, count]) =>
      Array.from({ length: count }, (_, at) => `${section}.${at + 1}`),
    );
    expect(rows.map(({ number }) => number)).toEqual(wanted);
  });

  it.each(rows)('says of $number how it is met, where, and what shows it', ({ requirement, how, where, shownBy }) => {
    expect(requirement).not.toBe('');
    expect(how).not.toBe('');
    if (!/^n\/a:/.test(how)) expect(where).not.toBe('');
    if (!/^(n\/a:|not met|by absence)/.test(how)) expect(shownBy).toContain(' › ');
  });

  it('names files that there are', () => {
    expect(files.length).toBeGreaterThan(40);
    expect(files.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
  });

  it('names tests that there are', () => {
    expect(tests.length).toBeGreaterThan(40);
    const isThere = ([file = '', title = '']: string[]) =>
      existsSync(path.join(root, file)) && ["'", '"', '`'].some((mark) => read(file).includes(mark + title + mark));
    expect(tests.filter((test) => !isThere(test))).toEqual([]);
  });
});

describe('the form for a new password', () => {
  it('masks what is typed, and lets password managers and the clipboard help', () => {
    const page = read('public/docs/reset-password/index.html') + read('public/docs/reset-password/reset-password.js');
    expect(page.match(/<input[^>]*name="password"[^>]*>/g)).toEqual([
      expect.stringMatching(/type="password".*autocomplete="new-password"/),
    ]);
    expect(page).not.toMatch(/paste|keydown|keypress/i);
  });
});
