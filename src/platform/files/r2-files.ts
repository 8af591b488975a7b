import { type FileStore, FileTooLargeError } from './file-store.ts';

/** Parts of one upload must be of one size (the last aside), at least 5 MiB. */
const PART_BYTES = 10 * 1024 * 1024;

/** The archive on R2. */
export function createR2Files(bucket: R2Bucket): FileStore {
  return {
    async write(key, { body, maxBytes, mediaType }) {
      const digest = new crypto.DigestStream('SHA-256');
      const hasher = digest.getWriter();
      const upload = createPartedUpload(bucket, { key, mediaType });
      let size = 0;
      try {
        for await (const bytes of body) {
          size += bytes.byteLength;
          if (size > maxBytes) throw new FileTooLargeError(`The file has more than ${maxBytes} bytes.`);
          await hasher.write(bytes);
          await upload.append(bytes);
        }
        await hasher.close();
        const sha256 = new Uint8Array(await digest.digest).toHex();
        await upload.complete();
        return { size, sha256 };
      } catch (error) {
        digest.digest.catch(() => {});
        await hasher.abort(error).catch(() => {});
        await upload.abort();
        throw error;
      }
    },

    async put(key, bytes) {
      await bucket.put(key, bytes);
    },

    async copy(from, to) {
      const object = await bucket.get(from);
      if (!object) throw new Error('There is nothing to copy.');
      await bucket.put(to, object.body, { httpMetadata: object.httpMetadata ?? {} });
    },

    async read(key, range) {
      const object = await bucket.get(key, range ? { range } : {});
      if (!object) return undefined;
      return { size: object.size, body: object.body, range: range ?? { offset: 0, length: object.size } };
    },

    async readBytes(key) {
      const object = await bucket.get(key);
      return object ? new Uint8Array(await object.arrayBuffer()) : undefined;
    },

    async removeAll(prefix) {
      let removed = 0;
      for (;;) {
        // Removing a page moves the next one to the front.
        const page = await bucket.list({ prefix });
        if (page.objects.length > 0) await bucket.delete(page.objects.map((object) => object.key));
        removed += page.objects.length;
        if (!page.truncated) return removed;
      }
    },

    async remove(keys) {
      if (keys.length > 0) await bucket.delete(keys);
    },

    async list(prefix, cursor) {
      const page = await bucket.list({ prefix, ...(cursor === undefined ? {} : { cursor }) });
      const files = page.objects.map((object) => ({
        key: object.key,
        size: object.size,
        uploadedAt: object.uploaded.getTime(),
      }));
      return page.truncated ? { files, cursor: page.cursor } : { files };
    },
  };
}

/** Collects bytes into parts; what fits one part is stored as one object without a multipart upload. */
function createPartedUpload(bucket: R2Bucket, { key, mediaType }: { key: string; mediaType: string }) {
  const options = { httpMetadata: { contentType: mediaType } };
  const parts: R2UploadedPart[] = [];
  let upload: R2MultipartUpload | undefined;
  // Grows only as far as small files need; a full buffer is handed over and replaced.
  let buffer = new Uint8Array(64 * 1024);
  let filled = 0;

  const reserve = (bytes: number) => {
    if (filled + bytes <= buffer.byteLength) return;
    const grown = new Uint8Array(Math.min(PART_BYTES, Math.max(buffer.byteLength * 2, filled + bytes)));
    grown.set(buffer.subarray(0, filled));
    buffer = grown;
  };

  const flush = async () => {
    upload ??= await bucket.createMultipartUpload(key, options);
    parts.push(await upload.uploadPart(parts.length + 1, buffer.subarray(0, filled)));
    filled = 0;
  };

  return {
    async append(bytes: Uint8Array) {
      for (let offset = 0; offset < bytes.byteLength; ) {
        const taken = Math.min(bytes.byteLength - offset, PART_BYTES - filled);
        reserve(taken);
        buffer.set(bytes.subarray(offset, offset + taken), filled);
        filled += taken;
        offset += taken;
        if (filled === PART_BYTES) await flush();
      }
    },
    async complete() {
      if (!upload) {
        await bucket.put(key, buffer.subarray(0, filled), options);
        return;
      }
      if (filled > 0) await flush();
      await upload.complete(parts);
    },
    async abort() {
      await upload?.abort().catch(() => {});
    },
  };
}
