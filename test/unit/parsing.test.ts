import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { idParam } from '../../src/http/openapi.ts';
import { scopesOf, scopesOfKey } from '../../src/modules/identity/authentication.ts';
import { newApiKeyBody } from '../../src/modules/identity/identity.schemas.ts';
import { issueToken, parseToken, type TokenKind } from '../../src/modules/identity/tokens.ts';
import { attachmentNamed, safeFilename, safeMediaType, titleOf } from '../../src/modules/library/filenames.ts';
import { SCOPES } from '../../src/shared/actor.ts';
import { parseByteRange } from '../../src/shared/byte-range.ts';
import { entityTag, newestVersionIn, tagsInList, versionInTag } from '../../src/shared/entity-tag.ts';

const seed = 20261122;
const anyText = fc.string({ unit: 'binary' });
const check = <T extends [unknown, ...unknown[]]>(property: fc.IProperty<T>, numRuns = 500) =>
  fc.assert(property, { seed, numRuns });

describe('tokens', () => {
  const kinds = fc.constantFrom<TokenKind>('access', 'refresh', 'api_key', 'email_verification', 'password_reset');

  it('are of one kind each, and known by the hash of all that they are', () => {
    check(
      fc.property(kinds, (kind) => {
        const { token, hash } = issueToken(kind);
        expect(hash).toBe(createHash('sha256').update(token).digest('hex'));
        expect(parseToken(token)).toEqual({ kind, hash });
      }),
    );
  });

  it('are nothing with another kind’s prefix’s letters, in other cases, or with anything around them', () => {
    const around = fc.tuple(anyText, anyText).filter(([before, after]) => before + after !== '');
    check(
      fc.property(kinds, around, (kind, [before, after]) => {
        const { token } = issueToken(kind);
        expect(parseToken(before + token + after)).toBeUndefined();
        expect(parseToken(token.replace('cp', 'CP'))).toBeUndefined();
        expect(parseToken(token.replace('_', ''))).toBeUndefined();
      }),
    );
  });
});

describe('scopes', () => {
  const parse = (scopes: unknown) => newApiKeyBody.safeParse({ name: 'k', scopes });
  const someScopes = fc.array(fc.constantFrom(...SCOPES), { minLength: 1, maxLength: SCOPES.length });

  it('are asked for by their exact names, each once', () => {
    check(
      fc.property(someScopes, (scopes) => {
        expect(parse(scopes).data?.scopes).toEqual([...new Set(scopes)]);
      }),
    );
  });

  it('are not asked for by anything like their names', () => {
    const nearly = fc
      .constantFrom(...SCOPES)
      .chain((scope) =>
        fc.constantFrom(
          scope.toUpperCase(),
          ` ${scope}`,
          `${scope}\0`,
          `${scope},admin`,
          scope.replace(':', '：'),
          `${scope}*`,
        ),
      );
    const other = fc
      .oneof(nearly, anyText, fc.constant('*'), fc.jsonValue())
      .filter((value) => !SCOPES.some((scope) => scope === value));
    check(
      fc.property(someScopes, other, (scopes, wrong) => {
        expect(parse([...scopes, wrong]).success).toBe(false);
        expect(
          parse(wrong).success && Array.isArray(wrong) && wrong.every((one) => SCOPES.includes(one as never)),
        ).toBe(parse(wrong).success);
      }),
    );
  });

  it('of a key are those that it was given and that its user has, whoever the user is by now', () => {
    check(
      fc.property(someScopes, fc.constantFrom<'user' | 'admin'>('user', 'admin'), (given, role) => {
        const granted = scopesOfKey(given, role);
        expect(granted.isSubsetOf(new Set(given))).toBe(true);
        expect(granted.isSubsetOf(scopesOf(role))).toBe(true);
        expect(granted.has('admin')).toBe(role === 'admin' && given.includes('admin'));
        expect(scopesOfKey([...granted], role)).toEqual(granted);
        expect(scopesOfKey(given, 'user').isSubsetOf(scopesOfKey(given, 'admin'))).toBe(true);
      }),
    );
  });
});

describe('ids', () => {
  const isId = (id: unknown) => idParam('thing').safeParse({ id }).success;

  it('are UUIDs', () => {
    check(fc.property(fc.uuid(), (id) => isId(id) && isId(id.toUpperCase())));
  });

  it('are nothing else, and nothing around them', () => {
    const place = fc.integer({ min: 0, max: 36 });
    const alien = fc.string({ unit: 'binary', minLength: 1, maxLength: 3 });
    check(fc.property(fc.uuid(), place, alien, (id, at, text) => !isId(id.slice(0, at) + text + id.slice(at))));
    check(fc.property(anyText, (text) => !isId(text)));
    check(fc.property(fc.jsonValue(), (value) => !isId(value)));
  });
});

describe('entity tags', () => {
  const version = fc.integer({ min: 1, max: 999_999_999_999_999 });
  const tag = fc.tuple(version, fc.option(fc.nat(), { nil: undefined }), fc.boolean());
  const written = ([number, count, isWeak]: [number, number | undefined, boolean]) =>
    `${isWeak ? 'W/' : ''}${entityTag(number, count)}`;

  it('bring back their version, strong or weak, alone or the newest of a list', () => {
    const separator = fc.constantFrom(',', ', ', ' , ', ',\t');
    check(
      fc.property(fc.array(tag, { minLength: 1, maxLength: 8 }), separator, (tags, between) => {
        const list = tags.map(written);
        expect(list.map(versionInTag)).toEqual(tags.map(([number]) => number));
        expect(tagsInList(list.join(between))).toEqual(list);
        expect(newestVersionIn(list.join(between))).toBe(Math.max(...tags.map(([number]) => number)));
      }),
    );
  });

  it('are not found in other text', () => {
    const strange = anyText.filter((text) => !/\d"/.test(text));
    check(fc.property(strange, (text) => versionInTag(text) === undefined && newestVersionIn(text) === undefined));
    check(
      fc.property(anyText, tag, (text, one) => {
        const found = newestVersionIn(`${written(one)} ${text}`);
        expect(found === undefined || (Number.isSafeInteger(found) && found >= 0)).toBe(true);
      }),
    );
  });
});

describe('byte ranges', () => {
  /** RFC 9110, 14.1.2, position by position. */
  const naive = ({ first, last, size }: { first: number | undefined; last: number | undefined; size: number }) => {
    const positions = Array.from({ length: size }, (_, at) => at).filter((at) => {
      if (first === undefined) return at >= size - (last ?? 0);
      return at >= first && at <= (last ?? size);
    });
    return positions.length === 0 ? 'unsatisfiable' : { offset: positions[0], length: positions.length };
  };
  const position = fc.option(fc.nat(60), { nil: undefined });

  it('name the bytes that the standard says', () => {
    check(
      fc.property(position, position, fc.nat(50), (first, last, size) => {
        fc.pre(first !== undefined || last !== undefined);
        const isBackwards = first !== undefined && last !== undefined && last < first;
        const range = parseByteRange(`bytes=${first ?? ''}-${last ?? ''}`, size);
        expect(range).toEqual(isBackwards ? undefined : naive({ first, last, size }));
      }),
      2_000,
    );
  });

  it('lie within the file, whatever the header says', () => {
    const digits = fc.stringMatching(/^\d{0,30}$/);
    const header = fc.oneof(
      anyText,
      fc.tuple(digits, digits).map(([first, last]) => `bytes=${first}-${last}`),
    );
    check(
      fc.property(header, fc.nat(), (text, size) => {
        const range = parseByteRange(text, size);
        if (range === undefined || range === 'unsatisfiable') return;
        expect(range.offset).toBeGreaterThanOrEqual(0);
        expect(range.length).toBeGreaterThan(0);
        expect(range.offset + range.length).toBeLessThanOrEqual(size);
      }),
    );
  });
});

describe('names of files', () => {
  const nasty = fc.oneof(
    anyText,
    fc.string({ unit: fc.constantFrom('.', '/', '\\', ' ', '"', "'", '\0', '\r', '\u202e', '😀', 'é', '%') }),
  );

  it('are made safe once and for all', () => {
    const long = nasty.chain((text) => fc.nat(300).map((times) => text.repeat(times).slice(0, 2_000)));
    check(
      fc.property(fc.oneof(nasty, long), (name) => {
        const safe = safeFilename(name);
        expect(safe).toMatch(/^[^/\\\p{Cc}\p{Cf}]{1,255}$/u);
        expect(safe.length).toBeLessThanOrEqual(255);
        expect(safe.isWellFormed()).toBe(true);
        expect(['.', '..']).not.toContain(safe);
        expect(safeFilename(safe)).toBe(safe);
        expect(titleOf(safe)).not.toBe('');
      }),
    );
  });

  it('go into a header that says them exactly, and into none of its other parts', () => {
    check(
      fc.property(nasty, (name) => {
        const filename = safeFilename(name);
        const header = attachmentNamed(filename);
        const [, ascii = '', escaped = ''] =
          /^attachment; filename="([ !#-[\]-~]*)"; filename\*=UTF-8''([\w!#$&+.^`|~%-]*)$/.exec(header) ?? [];
        expect(decodeURIComponent(escaped)).toBe(filename);
        expect(ascii).toHaveLength(filename.length);
        if (/^[ !#-[\]-~]*$/.test(filename)) expect(ascii).toBe(filename);
      }),
    );
  });

  it('have media types that are ones, or none', () => {
    check(
      fc.property(
        fc.oneof(anyText, fc.constantFrom('text/plain', 'TEXT/html; charset=utf-8', 'a/b\r\nx: y')),
        (declared) => {
          expect(safeMediaType(declared)).toMatch(/^[^\s;/]+\/[^\s;/]+(\s*;\s*charset=[\w.:-]+)?$/);
        },
      ),
    );
  });
});
