/**
 * What reading measures by the way, as it stands in `measurements` of a reading. Names and units stay as they are: later
 * steps (analyses, duplicates) and the API's callers rely on them.
 */

/** `measurements.image`. Sizes are those of the stored picture, before `orientation` turns it. */
export type ImageMeasurements = {
  /** Pixels; 0 where a drawing (SVG) names none. */
  width: number;
  height: number;
  /** `png`, `jpeg`, `webp`, `gif`, `bmp`, `tiff`, `avif`, `heic`, `svg`. */
  format: string;
  /** 64 bits as 16 hex digits, of the picture turned upright; see image-look.ts. Absent where nothing was decoded, or all is of one colour. */
  perceptualHash?: string;
  /** At most five, the most frequent first; `share` from 0 to 1 of what is not transparent. */
  colours: { hex: string; share: number }[];
  /** EXIF: 1 upright, 3 upside down, 6 to be turned right, 8 to be turned left; 2, 4, 5, 7 mirrored. */
  orientation?: number;
  /** The camera's clock, ISO 8601; with an offset from UTC only where the camera knew it. */
  takenAt?: string;
  /** Make and model. */
  camera?: string;
  /** Degrees, north and east positive. */
  latitude?: number;
  longitude?: number;
};

/** `measurements.audio`. Everything after `codec` needs decoded sound: WAV, AIFF, MP3 and FLAC; see audio-samples.ts. */
export type AudioMeasurements = {
  durationMs: number;
  /** Bits a second. */
  bitrate: number;
  /** Hertz. */
  sampleRate: number;
  channels: number;
  codec: string;
  /** How much of the beginning was decoded and measured. */
  analysedMs?: number;
  /** Integrated loudness (ITU-R BS.1770-4, EBU R 128), in LUFS. Absent in silence. */
  loudnessLufs?: number;
  /** Beats a minute, where there is a beat. */
  tempoBpm?: number;
  /** `C major` … `B minor`, by Krumhansl's profiles, where there is a tonality. */
  key?: string;
  spectralCentroidHz?: number;
  /** 13 mel-frequency cepstral coefficients: mean and standard deviation over time. */
  mfcc?: { mean: number[]; deviation: number[] };
  /** Sub-fingerprints of 32 bits as 8 hex digits each, eight a second; see audio-fingerprint.ts. */
  fingerprint?: string;
};

/** `measurements.scan`, of PDFs. */
export type ScanMeasurements = {
  /** Numbers of the pages on which nothing is written. */
  pages: number[];
};

/** `measurements.video`. */
export type VideoMeasurements = {
  durationMs: number;
  /** `mp4`, `mov`, `matroska`, `webm`, `avi`. */
  container: string;
  /** Pixels of the first picture track; 0 where it is not known. */
  width: number;
  height: number;
  /** Bits a second of the whole file. */
  bitrate: number;
  tracks: { type: string; codec: string; language?: string }[];
  /** ISO 8601, UTC. */
  createdAt?: string;
};
