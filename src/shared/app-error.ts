/** Every error that the API answers with, and its HTTP status. */
export const ERROR_STATUS = {
  malformed: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  gone: 410,
  stale_version: 412,
  unsupported_version: 412,
  too_large: 413,
  range_not_satisfiable: 416,
  unsupported_media_type: 415,
  invalid_fields: 422,
  /** As tus has it; no registered status. */
  checksum_mismatch: 460,
  rate_limited: 429,
  internal: 500,
  unavailable: 503,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

export type FieldError = { /** Dotted path of the field. */ path: string; message: string };

export type AppErrorOptions = ErrorOptions & {
  errors?: FieldError[];
  /** Seconds after which a retry may succeed. */
  retryAfterSeconds?: number;
  /** A more specific code than the kind of error, e.g. `email_taken`; defaults to the kind itself. */
  code?: string;
};

/** The one error that services throw on purpose. Its message is shown to the caller. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly kind: ErrorCode;
  readonly code: string;
  readonly errors: FieldError[] | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(kind: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.code = options.code ?? kind;
    this.errors = options.errors;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** Also for other people's rows: whether they exist is nobody's business. */
export const notFound = (what: string) => new AppError('not_found', `There is no such ${what}.`);

export const staleVersion = (what: string) =>
  new AppError('stale_version', `The ${what} was changed by someone else; read it again and repeat your change.`);

export const invalidField = (path: string, message: string) =>
  new AppError('invalid_fields', 'Some fields are not valid.', { errors: [{ path, message }] });
