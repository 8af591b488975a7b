import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPicture } from '../../src/modules/identity/picture.ts';
import { gifOf, jpegOf, pngOf, webpOf } from '../support/pictures.ts';

const WRITERS = [
  ['image/png', pngOf],
  ['image/gif', gifOf],
  ['image/jpeg', jpegOf],
  ['image/webp', webpOf.simple],
  ['image/webp', webpOf.lossless],
  ['image/webp', webpOf.extended],
] as const;

/** A real picture of 1 × 1 pixel each, as common programs write it. */
const REAL = [
  ['image/png', 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='],
  ['image/gif', 'R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'],
  ['image/webp', 'UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA=='],
  ['image/webp', 'UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA'],
  [
    'image/jpeg',
    '/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxA=',
  ],
] as const;

describe('a picture', () => {
  it.each(WRITERS)('of type %s has the size that stands in it', (mediaType, write) => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 16_383 }), fc.integer({ min: 1, max: 16_383 }), (width, height) => {
        expect(readPicture(write(width, height))).toEqual({ mediaType, width, height });
      }),
      { numRuns: 200, seed: 20261122 },
    );
  });

  it.each(REAL)('of type %s that a program wrote is read', (mediaType, base64) => {
    expect(readPicture(Buffer.from(base64, 'base64'))).toEqual({ mediaType, width: 1, height: 1 });
  });

  it.each(WRITERS)('of type %s is broken when it ends anywhere before its size', (_, write) => {
    const whole = write(300, 200);
    const first = Array.from(whole.keys()).find((length) => typeof readPicture(whole.subarray(0, length)) === 'object');
    for (let length = 0; length < (first ?? whole.length); length++) {
      expect(['unknown', 'broken']).toContain(readPicture(whole.subarray(0, length)));
    }
    expect(first === undefined || first > 9).toBe(true);
  });

  it.each([0xc1, 0xc2, 0xc3, 0xc9, 0xca, 0xcf])('may be a JPEG with a frame of kind %i', (marker) => {
    expect(readPicture(jpegOf(640, 480, marker))).toMatchObject({ width: 640, height: 480 });
  });

  it.each([
    ['no pixels', pngOf(0, 10)],
    ['no height', gifOf(10, 0)],
    ['no header', Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rXXXX\0\0\0\x01\0\0\0\x01', 'latin1')],
    ['no frame', Buffer.from('\xff\xd8\xff\xd9', 'latin1')],
    ['only a scan', Buffer.from('\xff\xd8\xff\xda\0\x02', 'latin1')],
    ['no marker where one must be', Buffer.from('\xff\xd8\xff\xe0\0\x02\0\0\0\0', 'latin1')],
    ['an unknown kind of WebP', Buffer.from('RIFF\0\0\0\0WEBPVP9 \0\0\0\0\0\0\0\0\0\0\0\0\0\0', 'latin1')],
    ['a WebP without its start code', Buffer.from('RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0', 'latin1')],
  ])('is broken with %s', (_, bytes) => {
    expect(readPicture(bytes)).toBe('broken');
  });

  it.each([
    ['nothing', ''],
    ['SVG', '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"><script>alert(1)</script></svg>'],
    ['SVG with a declaration', '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'],
    ['HTML', '<!doctype html><img src=x onerror=alert(1)>'],
    ['a BMP', 'BM\0\0\0\0'],
    ['a TIFF', 'II*\0\x08\0\0\0'],
    ['an AVIF', '\0\0\0\x1cftypavif'],
    ['a form', '--x\r\ncontent-disposition: form-data; name="file"\r\n\r\n\x89PNG'],
    ['a sound', 'RIFF\0\0\0\0WAVEfmt '],
  ])('is not %s', (_, text) => {
    expect(readPicture(Buffer.from(text, 'latin1'))).toBe('unknown');
  });

  it('is never anything that cannot be told, and always told in time', () => {
    const start = fc.constantFrom(
      '\x89PNG\r\n\x1a\n',
      'GIF89a',
      '\xff\xd8\xff',
      'RIFF\0\0\0\0WEBP',
      'RIFF\0\0\0\0WEBPVP8X',
      '',
    );
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 400 }), (beginning, rest) => {
        const facts = readPicture(Buffer.concat([Buffer.from(beginning, 'latin1'), rest]));
        if (typeof facts === 'object') expect(Math.min(facts.width, facts.height)).toBeGreaterThan(0);
      }),
      { numRuns: 3000, seed: 20261122 },
    );
    const endless = Buffer.concat([Buffer.from('\xff\xd8', 'latin1'), Buffer.alloc(1_000_000, 0xff)]);
    expect(readPicture(endless)).toBe('broken');
  });
});
