import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeUserAgent } from '../../src/modules/identity/user-agent.ts';
import { canonicalLocale, canonicalTimeZone } from '../../src/shared/places.ts';

const WEBKIT = 'AppleWebKit/537.36 (KHTML, like Gecko)';
const WINDOWS = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)';
const MAC = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)';
const IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)';
const ANDROID = 'Mozilla/5.0 (Linux; Android 15; Pixel 9)';

describe('a device', () => {
  it.each([
    ['Firefox on Windows', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0'],
    ['Firefox on Linux', 'Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0'],
    ['Chrome on Windows', `${WINDOWS} ${WEBKIT} Chrome/142.0.0.0 Safari/537.36`],
    ['Edge on Windows', `${WINDOWS} ${WEBKIT} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0`],
    ['Opera on macOS', `${MAC} ${WEBKIT} Chrome/142.0.0.0 Safari/537.36 OPR/120.0.0.0`],
    ['Safari on macOS', `${MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15`],
    ['Safari on iPhone', `${IPHONE} Version/18.1 Mobile/15E148 Safari/604.1`],
    ['Chrome on iPhone', `${IPHONE} CriOS/142.0 Mobile/15E148 Safari/604.1`],
    ['Firefox on iPhone', `${IPHONE} FxiOS/145.0 Mobile/15E148 Safari/605.1.15`],
    ['Chrome on Android', `${ANDROID} ${WEBKIT} Chrome/142.0.0.0 Mobile Safari/537.36`],
    ['Samsung Internet on Android', `${ANDROID} ${WEBKIT} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36`],
    ['Chrome on ChromeOS', `Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${WEBKIT} Chrome/142.0.0.0 Safari/537.36`],
    ['curl', 'curl/8.9.1'],
    ['python-requests', 'python-requests/2.32.3'],
    ['PostmanRuntime', 'PostmanRuntime/7.43.0'],
    ['node', 'node'],
    ['Windows', 'Mozilla/5.0 (Windows NT 10.0)'],
    [null, 'Mozilla/5.0'],
    [null, '<script>alert(1)</script>'],
    [null, ''],
    [null, null],
  ])('is %s', (name, userAgent) => {
    expect(describeUserAgent(userAgent)).toBe(name);
  });

  it('is never described by more than a few words, whatever it says', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (userAgent) => {
        const name = describeUserAgent(userAgent);
        expect(name === null || /^[\w .-]{1,60}$/.test(name)).toBe(true);
      }),
      { numRuns: 1000, seed: 20261122 },
    );
  });
});

describe('a language', () => {
  it.each([
    ['en-gb', 'en-GB'],
    ['ZH-hant-tw', 'zh-Hant-TW'],
    ['de', 'de'],
    ['iw', 'he'],
    ['sr-latn-rs-u-ca-gregory', 'sr-Latn-RS-u-ca-gregory'],
    ['', undefined],
    ['english', 'english'],
    ['en_GB', undefined],
    ['e', undefined],
    ['en--GB', undefined],
  ])('%s is %s', (tag, canonical) => {
    expect(canonicalLocale(tag)).toBe(canonical);
  });
});

describe('a time zone', () => {
  it.each([
    ['europe/paris', 'Europe/Paris'],
    ['UTC', 'UTC'],
    ['America/Argentina/Buenos_Aires', 'America/Argentina/Buenos_Aires'],
    ['Mars/Olympus', undefined],
    ['+01:00', undefined],
    ['', undefined],
    ['../etc/passwd', undefined],
  ])('%s is %s', (name, canonical) => {
    expect(canonicalTimeZone(name)).toBe(canonicalTimeZone(canonical ?? '') ?? canonical);
  });

  it('is there for those whose name was changed', () => {
    expect(canonicalTimeZone('Asia/Calcutta')).toBe(canonicalTimeZone('Asia/Kolkata'));
  });
});
