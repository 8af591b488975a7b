import { type FileStore, FileTooLargeError } from './file-store.ts';
import { createPartBuffer } from './part-buffer.ts';

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

    async digest(key) {
      const object = await bucket.get(key);
      if (!object) return undefined;
      const digest = new crypto.DigestStream('SHA-256');
      await object.body.pipeTo(digest);
      return { size: object.size, sha256: new Uint8Array(await digest.digest).toHex() };
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
  const buffer = createPartBuffer(PART_BYTES);

  const flush = async () => {
    upload ??= await bucket.createMultipartUpload(key, options);
    parts.push(await upload.uploadPart(parts.length + 1, buffer.contents()));
    buffer.clear();
  };

  return {
    async append(bytes: Uint8Array) {
      for (let rest = bytes; rest.byteLength > 0; ) {
        rest = buffer.take(rest);
        if (buffer.isFull()) await flush();
      }
    },
    async complete() {
      if (!upload) {
        await bucket.put(key, buffer.contents(), options);
        return;
      }
      if (buffer.size() > 0) await flush();
      await upload.complete(parts);
    },
    async abort() {
      await upload?.abort().catch(() => {});
    },
  };
}
