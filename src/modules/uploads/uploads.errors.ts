import { AppError, invalidField } from '../../shared/app-error.ts';

export const uploadExpired = () =>
  new AppError('gone', 'The upload was not finished in time and has been discarded; begin it anew.', {
    code: 'upload_expired',
  });

export const offsetDiffers = (receivedBytes: number) =>
  new AppError('conflict', `The upload goes on at byte ${receivedBytes}; ask for \`Upload-Offset\` by HEAD.`, {
    code: 'upload_offset_differs',
  });

export const takenOver = () =>
  new AppError('conflict', 'Another request has taken the upload over; ask for `Upload-Offset` by HEAD.', {
    code: 'upload_taken_over',
  });

export const stillCompleting = () =>
  new AppError('conflict', 'All bytes have arrived and the document is being made; delete that instead.', {
    code: 'upload_completing',
  });

export const wornOut = () =>
  new AppError('conflict', 'The upload was cut off or refused too often; begin it anew.', { code: 'upload_worn_out' });

export const tooManyUploads = (limit: number) =>
  new AppError('conflict', `You have ${limit} unfinished uploads; finish or delete some of them.`, {
    code: 'too_many_uploads',
  });

export const tooManyBytes = (sizeBytes: number) =>
  new AppError('too_large', `That is more than the ${sizeBytes} bytes that \`Upload-Length\` has announced.`, {
    code: 'upload_too_long',
  });

export const checksumDiffers = () =>
  new AppError('checksum_mismatch', 'The bytes do not have the checksum; none of them were kept. Send them again.');

export const unknownAlgorithm = (known: readonly string[]) =>
  new AppError('malformed', `Checksums can be ${known.join(', ')}.`, { code: 'checksum_algorithm_unknown' });

export const badChecksum = () =>
  new AppError('malformed', '`Upload-Checksum` is an algorithm, a space, and the whole digest in Base64.');

export const brokenOff = () =>
  new AppError('malformed', 'The body broke off. What had arrived is kept, unless it has a checksum.', {
    code: 'upload_broken_off',
  });

export const notBytes = (type: string) =>
  new AppError('unsupported_media_type', `Send the bytes as \`Content-Type: ${type}\`.`);

export const emptyUpload = () => invalidField('Upload-Length', 'The file is empty.');
