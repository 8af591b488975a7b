/** The beginnings of pictures, as far as their size is read from them. */

const bytes = (...parts: (string | number[])[]): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'string' ? Array.from(Buffer.from(part, 'latin1')) : part)));

const big = (value: number, length: number) =>
  Array.from({ length }, (_, index) => Math.floor(value / 256 ** (length - 1 - index)) % 256);
const little = (value: number, length: number) => big(value, length).reverse();

export const pngOf = (width: number, height: number) =>
  bytes('\x89PNG\r\n\x1a\n', big(13, 4), 'IHDR', big(width, 4), big(height, 4), [8, 6, 0, 0, 0], big(0, 4));

export const gifOf = (width: number, height: number) => bytes('GIF89a', little(width, 2), little(height, 2), [0, 0, 0]);

const frame = (width: number, height: number, marker = 0xc0) =>
  [[0xff, marker], big(11, 2), [8], big(height, 2), big(width, 2), [1, 1, 0x11, 0]] as const;

/** With an application segment, a fill byte and tables in front of the frame, as cameras write them. */
export const jpegOf = (width: number, height: number, marker?: number) =>
  bytes(
    [0xff, 0xd8, 0xff, 0xe0],
    big(16, 2),
    'JFIF\0',
    [1, 1, 0, 0, 1, 0, 1, 0, 0],
    [0xff, 0xff, 0xdb],
    big(5, 2),
    [0, 0, 0],
    [0xff, 0xc4],
    big(4, 2),
    [0, 0],
    ...frame(width, height, marker).map((part) => [...part]),
  );

const webp = (chunk: string, payload: number[]) =>
  bytes('RIFF', little(payload.length + 12, 4), 'WEBP', chunk, little(payload.length, 4), payload);

export const webpOf = {
  simple: (width: number, height: number) =>
    webp('VP8 ', [0, 0, 0, 0x9d, 0x01, 0x2a, ...little(width, 2), ...little(height, 2)]),
  lossless: (width: number, height: number) => {
    const bits = (width - 1) | ((height - 1) << 14);
    return webp('VP8L', [0x2f, ...little(bits >>> 0, 4)]);
  },
  extended: (width: number, height: number) =>
    webp('VP8X', [0, 0, 0, 0, ...little(width - 1, 3), ...little(height - 1, 3)]),
};
