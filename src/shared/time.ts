/** Milliseconds since the epoch as ISO 8601 in UTC. */
export const isoTime = (milliseconds: number): string => new Date(milliseconds).toISOString();

export const isoTimeOrNull = (milliseconds: number | null): string | null =>
  milliseconds === null ? null : isoTime(milliseconds);

/** The same back; undefined stays undefined. */
export const parseTime = (iso: string | undefined): number | undefined =>
  iso === undefined ? undefined : Date.parse(iso);
