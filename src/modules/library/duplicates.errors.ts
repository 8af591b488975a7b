/** Somebody has a live document with these bytes already. */
export class SameBytesError extends Error {
  override readonly name = 'SameBytesError';
}
