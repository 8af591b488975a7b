import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { registerBody } from '../../src/modules/identity/identity.schemas.ts';
import { usernameKey } from '../../src/modules/identity/login-keys.ts';
import { isInOneAlphabet, usernameSkeleton } from '../../src/modules/identity/usernames.ts';

const password = 'correct horse battery';
const parse = (username: string) => registerBody.safeParse({ email: 'ada@example.com', username, password });

describe('a username', () => {
  it.each([
    'ada',
    'Ada.Lovelace-1815_',
    'Müller',
    'Weiß',
    'Đặng',
    'łukasz',
    '李雷',
    '山田太郎',
    '山田taro',
    'ユーザー',
    '김철',
    '김철수',
    'Αλέξης',
    'Дмитрий',
    'ցոլակ',
    'גלי',
    'محمد',
    'हिन्दी',
    'தமிழ்',
    'ขวัญ',
    'გიორგი',
    'ｔａｒｏ',
    'u\u0308ber',
  ])('may be %s', (name) => {
    expect(parse(name).error).toBeUndefined();
  });

  it.each([
    ['a Cyrillic letter among Latin ones', 'раypal'],
    ['a Latin letter among Greek ones', 'Aλέξης'],
    ['a Greek letter among Latin ones', 'gοοgle'],
    ['a Cherokee letter among Latin ones', 'Ꭺdam'],
    ['Hebrew and Arabic', 'גליمحمد'],
    ['digits of another script', 'ada٣'],
    ['letters of a script that nobody types', '𐤀𐤁𐤂'],
    ['another hyphen', 'pay\u2010pal'],
    ['a hyphen that does not break', 'pay\u2011pal'],
    ['a joiner', 'pay\u200dpal'],
    ['a grapheme joiner', 'pay\u034fpal'],
    ['a variation selector', 'paypal\ufe0f'],
    ['a filler', 'pay\u3164pal'],
    ['a soft hyphen', 'pay\u00adpal'],
    ['another direction', 'pay\u202epal'],
    ['a mark with nothing below', '\u0301ada'],
    ['marks in a pile', 'z\u0300\u0335\u0321\u0327\u0324a'],
    ['two Latin letters', 'ad'],
    ['two Arabic letters', 'مح'],
  ])('has not %s', (_, name) => {
    const issues = parse(name).error?.issues ?? [];
    expect(new Set(issues.map(({ path }) => path.join()))).toEqual(new Set(['username']));
  });
});

describe('names that look alike', () => {
  it.each([
    [
      'paypal',
      ['paypaI', 'PAYPAL', 'PayPal', 'paypa1', 'раураӏ', 'ｐａｙｐａｌ', 'ᴘᴀʏᴘᴀʟ', 'payρal', 'pаypаl', 'paypaǀ'],
    ],
    ['google', ['g00gle', 'googIe', 'gοοgle', 'gооgle', 'ɡoogle']],
    ['modern', ['modem', 'm0dern']],
    ['boba', ['ВОВА', 'вова', 'BOBA']],
    ['nikolaos', ['Nikolaοs', 'nіkolaos']],
    ['weiss', ['weiß', 'weiẞ']],
    ['ilker', ['İlker', 'ılker', 'і1ker']],
  ])('are one: %s', (name, others) => {
    const looks = others.map(usernameSkeleton);
    expect(looks).toEqual(others.map(() => usernameSkeleton(name)));
  });

  it('are only those', () => {
    const names = [
      'ada',
      'adam',
      'a.da',
      'a-da',
      'a_da',
      'ädä',
      'paypai',
      'paypal',
      'Muller',
      'Müller',
      'Дмитрий',
      'Дмитрии',
    ];
    expect(new Set(names.map(usernameSkeleton)).size).toBe(names.length);
  });

  it('look like a name that looks like itself', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (name) => {
        const look = usernameSkeleton(name);
        expect(usernameSkeleton(look)).toBe(look);
        expect(usernameSkeleton(name.normalize('NFKC'))).toBe(look);
        expect(usernameSkeleton(name.normalize('NFD'))).toBe(look);
      }),
      { numRuns: 2000, seed: 20261122 },
    );
  });

  it('do so whatever invisible thing stands between', () => {
    const invisible = fc.constantFrom('\u200b', '\u200d', '\u2060', '\ufe0f', '\u034f', '\u00ad', '\u180e', '\ufeff');
    const name = fc.string({ unit: fc.constantFrom(...'paypalдмλεΑ李é.-_1'), minLength: 3, maxLength: 20 });
    fc.assert(
      fc.property(name, invisible, fc.nat(20), (text, sign, at) => {
        const spoilt = text.slice(0, at) + sign + text.slice(at);
        expect(usernameSkeleton(spoilt)).toBe(usernameSkeleton(text));
        expect(isInOneAlphabet(spoilt.normalize('NFKC'))).toBe(false);
      }),
      { seed: 20261122 },
    );
  });

  it('are never a way around the names themselves: a whole Cyrillic or Greek name has one look in small letters', () => {
    const letters = fc.constantFrom(...'абвгдежзийклмнопрстуфхцчшщъыьэюяαβγδεζηθικλμνξοπρστυφχψω');
    fc.assert(
      fc.property(fc.string({ unit: letters, minLength: 3, maxLength: 20 }), (name) => {
        expect(usernameSkeleton(usernameKey(name))).toBe(usernameSkeleton(name));
      }),
      { seed: 20261122 },
    );
  });
});
