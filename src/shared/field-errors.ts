import type { ZodError } from 'zod';
import type { FieldError } from './app-error.ts';

/** What a failed parse says of each field, to the person who filled it in. */
export const fieldErrorsOf = (error: ZodError): FieldError[] =>
  error.issues.map(({ path, message }) => ({
    path: path.join('.'),
    message: message.replace(MISSING, 'It is missing.'),
  }));

/** How Zod says that a field is not there, in the words of programmers. */
const MISSING = /^Invalid input: expected .+, received undefined$/;
