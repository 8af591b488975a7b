import { AppError, invalidField } from '../../shared/app-error.ts';

export const documentNotReady = (status: string) =>
  new AppError('conflict', `The document has not been read (its status is ${status}); its job says more.`, {
    code: 'document_not_ready',
  });

export const documentNotRead = () =>
  new AppError('conflict', 'The document is being read, or could not be; its job says more.', {
    code: 'document_not_ready',
  });

export const noFile = () => invalidField('file', 'Send one file in a multipart field named `file`.');

export const emptyFile = () => invalidField('file', 'The file is empty.');

export const fileTooLarge = (maxBytes: number) =>
  new AppError('too_large', `A file may have at most ${maxBytes} bytes.`, { code: 'file_too_large' });

export const batchTooLarge = (maxBytes: number) =>
  new AppError('too_large', `The files of a batch may have at most ${maxBytes} bytes together.`, {
    code: 'batch_too_large',
  });

export const brokenUpload = () =>
  new AppError('malformed', 'The upload ended early or is not valid multipart/form-data; send it again.');

/** Where a file was to be filed. */
export const noSuchCollection = () => invalidField('collectionId', 'There is no such collection.');

/** The account was deleted while its file was on the way. */
export const ownerGone = () =>
  new AppError('unauthenticated', 'This credential has been revoked; log in again.', { code: 'credential_revoked' });

export const notMultipart = () =>
  new AppError('unsupported_media_type', 'Send the file as multipart/form-data in a field named `file`.');

export const rangeNotSatisfiable = (size: number) =>
  new AppError('range_not_satisfiable', `The range lies outside the file, which has ${size} bytes.`);
