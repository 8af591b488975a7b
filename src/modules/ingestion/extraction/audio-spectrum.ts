import FFT from 'fft.js';
import { giveWay, type Signal } from './audio-sound.ts';

/** How a signal is cut: `size` samples (a power of two) every `hop` samples. */
export type Framing = { size: number; hop: number };

const FRAMES_BETWEEN_PAUSES = 500;

/**
 * Calls back with the power spectrum of each frame in order, Hann windowed: `size / 2 + 1` values, of which number k is at
 * `k × sampleRate / size` Hz. A full-scale sine has a peak of about 1. The list is used again for the next frame.
 */
export async function forEachSpectrum(
  { samples }: Signal,
  { size, hop }: Framing,
  visit: (power: Float64Array) => void,
): Promise<void> {
  const fft = new FFT(size);
  const window = Float64Array.from({ length: size }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size));
  const frame = new Float64Array(size);
  const spectrum = new Float64Array(2 * size);
  const power = new Float64Array(size / 2 + 1);
  // The window halves the amplitude, and half of it stands at the negative frequency.
  const scale = (4 / size) ** 2;
  for (let start = 0, count = 1; start + size <= samples.length; start += hop, count++) {
    for (let i = 0; i < size; i++) frame[i] = (samples[start + i] ?? 0) * (window[i] ?? 0);
    fft.realTransform(spectrum, frame);
    for (let k = 0; k < power.length; k++) {
      const [real, imaginary] = [spectrum[2 * k] ?? 0, spectrum[2 * k + 1] ?? 0];
      power[k] = (real * real + imaginary * imaginary) * scale;
    }
    visit(power);
    if (count % FRAMES_BETWEEN_PAUSES === 0) await giveWay();
  }
}
