/** What a picture's file says before anything is decoded. */
export type Picture = {
  format: 'png' | 'jpeg' | 'webp' | 'gif' | 'bmp' | 'tiff' | 'avif' | 'heic';
  /** The largest size that any part of the file declares: decoders believe different parts. */
  width: number;
  height: number;
  /** Bytes that a decoder takes for each pixel, before it is made RGBA. */
  bytesPerPixel: number;
  /** Blocks of notes as they stand in the file. */
  exif?: Uint8Array | undefined;
  xmp?: Uint8Array | undefined;
  iptc?: Uint8Array | undefined;
  /** Texts of its own, by keyword: of PNG, and comments. */
  texts: [keyword: string, text: string][];
};
