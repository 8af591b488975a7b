/** Tempos that people tap to. */
const SLOWEST_BPM = 40;
const FASTEST_BPM = 220;
const STEP_BPM = 0.25;
/** Where people tap when several tempos fit, and how many octaves around it are likely (Moelants, 2002). */
const USUAL_BPM = 120;
const USUAL_OCTAVES = 1;
/** A beat is looked for so many beats later. */
const BEATS = 8;
/** A beat shows in this share of the envelope's power; noise stays far below. */
const MIN_STRENGTH = 0.12;
/** When twice the tempo fits as well, that is what is heard. */
const DOUBLE_FITS = 0.92;
const MIN_SECONDS = 4;
/** Onsets of music vary by more than one band growing tenfold; steady tones by rounding only. */
const MIN_VARIANCE = 0.1;

/**
 * Beats a minute of an envelope of onsets, by its autocorrelation at the multiples of each tempo's period, weighted by
 * how usual the tempo is. Undefined where nothing repeats, and for less than four seconds.
 */
export function estimateTempo({ envelope, rate }: { envelope: Float64Array; rate: number }): number | undefined {
  if (envelope.length < MIN_SECONDS * rate) return undefined;
  const centred = withoutMean(envelope);
  const longest = Math.min(centred.length - 1, Math.ceil((BEATS * 60 * rate) / SLOWEST_BPM) + 1);
  const correlation = autocorrelation(centred, longest);
  const power = correlation[0] ?? 0;
  if (power < MIN_VARIANCE) return undefined;
  const strength = (bpm: number) => combStrength(correlation, (60 * rate) / bpm) / power;
  let best = { bpm: 0, score: 0 };
  for (let bpm = SLOWEST_BPM; bpm <= FASTEST_BPM; bpm += STEP_BPM) {
    const score = strength(bpm) * Math.exp(-0.5 * (Math.log2(bpm / USUAL_BPM) / USUAL_OCTAVES) ** 2);
    if (score > best.score) best = { bpm, score };
  }
  if (best.bpm === 0 || strength(best.bpm) < MIN_STRENGTH) return undefined;
  const doubled = strongestNear(2 * best.bpm, strength);
  const isDouble = doubled <= FASTEST_BPM && strength(doubled) >= DOUBLE_FITS * strength(best.bpm);
  return isDouble ? doubled : best.bpm;
}

function strongestNear(bpm: number, strength: (bpm: number) => number): number {
  const candidates = [-2, -1, 0, 1, 2].map((steps) => bpm + steps * STEP_BPM);
  return candidates.reduce((a, b) => (strength(b) > strength(a) ? b : a));
}

function withoutMean(values: Float64Array): Float64Array {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.map((value) => value - mean);
}

/** Mean product of the values that stand so far apart, for each distance. */
function autocorrelation(values: Float64Array, longest: number): Float64Array {
  return Float64Array.from({ length: longest + 1 }, (_, lag) => {
    let sum = 0;
    for (let i = lag; i < values.length; i++) sum += (values[i] ?? 0) * (values[i - lag] ?? 0);
    return sum / (values.length - lag);
  });
}

/** Mean of the correlation around the multiples of a period, a little less for later ones. */
function combStrength(correlation: Float64Array, period: number): number {
  let [sum, weights] = [0, 0];
  for (let beat = 1; beat <= BEATS; beat++) {
    const lag = beat * period;
    const floor = Math.floor(lag);
    const [low, high] = [correlation[floor], correlation[floor + 1]];
    if (low === undefined || high === undefined) break;
    const weight = 1 / (1 + 0.1 * beat);
    sum += weight * (low + (lag - floor) * (high - low));
    weights += weight;
  }
  return weights === 0 ? 0 : sum / weights;
}
