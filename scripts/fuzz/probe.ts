import type { WireRequest } from './wire.ts';

/** Which answers a probe may get, besides those that every probe may not. */
export type Expectation =
  /** A status that the operation declares. */
  | 'declared'
  /** The same, or 404 or 405: the path may have become another. */
  | 'rerouted'
  /** 405 with `Allow`. */
  | 'wrong-method'
  /** A refusal: whatever is asked for is gone, or somebody else's. */
  | 'refused'
  /** 401. */
  | 'unauthenticated'
  /** Whatever HTTP itself makes of it, or no answer. */
  | 'broken-wire';

/** One request, what is odd about it, and who sends it: the owner of what it names, if anybody, unless it says so. */
export type Probe = { what: string; wire: WireRequest; expects: Expectation; as?: 'stranger' | 'nobody' };

export const declared = (what: string, wire: WireRequest): Probe => ({ what, wire, expects: 'declared' });

const MAX_SHOWN = 40;

/** A value as a person may read it in a list. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}… (${text.length})` : text;
}
