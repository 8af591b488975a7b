import type { PartedFile, PartStore } from './part-store.ts';

/** Error 10024 of R2: there are no such parts, because they were put together, dropped, or never were. */
const NO_SUCH_UPLOAD = /\b10024\b|multipart upload does not exist/i;

/** Parts on R2. What is never put together or dropped, R2 drops by itself after seven days. */
export function createR2Parts(bucket: R2Bucket): PartStore {
  const resume = ({ key, partsId }: PartedFile) => bucket.resumeMultipartUpload(key, partsId);

  return {
    async begin(key, { mediaType }) {
      const upload = await bucket.createMultipartUpload(key, { httpMetadata: { contentType: mediaType } });
      return upload.uploadId;
    },

    async put(file, { number, bytes }) {
      const { etag } = await resume(file).uploadPart(number, bytes);
      return etag;
    },

    async complete(file, parts) {
      try {
        await resume(file).complete(parts.map(({ number, tag }) => ({ partNumber: number, etag: tag })));
      } catch (error) {
        // An earlier attempt may have done it, and died before it could say so.
        if (!(await bucket.head(file.key))) throw error;
      }
    },

    async abort(file) {
      try {
        await resume(file).abort();
      } catch (error) {
        if (!(error instanceof Error && NO_SUCH_UPLOAD.test(error.message))) throw error;
      }
    },
  };
}
