/** Keeps what must be read again but never from a copy of the database: provider tokens, second factors' secrets. */
export type KeyRing = {
  /**
   * Encrypts with the current key (AES-256-GCM). The context says where the text will stand, such as
   * `two_factors/<id>`: text that was moved elsewhere does not open.
   */
  seal(text: string, context: string): Promise<string>;
  /**
   * @returns the text, and whether it was sealed by an older key and is worth sealing again.
   * @throws Error when its key is not on the ring, or it was changed or moved.
   */
  open(sealed: string, context: string): Promise<{ text: string; isOutdated: boolean }>;
  /**
   * A keyed hash (HMAC-SHA-256, 32 hexadecimal digits): shows that two values are the same without telling them. It
   * changes with the current key.
   */
  fingerprint(value: string, purpose: string): Promise<string>;
};

/** An AES-256 key and the name under which sealed texts refer to it. */
export type RingKey = { id: string; bytes: Uint8Array<ArrayBuffer> };

const NONCE_BYTES = 12;
const FINGERPRINT_BYTES = 16;

const encode = (text: string) => new TextEncoder().encode(text);

/**
 * A ring of keys, the current one first. To rotate, put a new key in front and keep the old ones until nothing is sealed
 * by them. A sealed text is `<key id>.<nonce>.<ciphertext>`, both in base64url.
 */
export function createKeyRing([current, ...older]: readonly [RingKey, ...RingKey[]]): KeyRing {
  const keys = new Map([...older, current].map((key) => [key.id, key]));
  const aesKeys = new Map<string, Promise<CryptoKey>>();

  const aesKeyOf = ({ id, bytes }: RingKey): Promise<CryptoKey> => {
    const known = aesKeys.get(id) ?? crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']);
    aesKeys.set(id, known);
    return known;
  };

  return {
    async seal(text, context) {
      const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
      const algorithm = { name: 'AES-GCM', iv, additionalData: encode(context) };
      const sealed = new Uint8Array(await crypto.subtle.encrypt(algorithm, await aesKeyOf(current), encode(text)));
      return [current.id, ...[iv, sealed].map((bytes) => Buffer.from(bytes).toString('base64url'))].join('.');
    },

    async open(sealed, context) {
      const [id = '', iv = '', text = ''] = sealed.split('.');
      const key = keys.get(id);
      if (!key)
        throw new Error('The key by which this was sealed is not on the ring: put it back into ENCRYPTION_KEYS.');
      const algorithm = { name: 'AES-GCM', iv: decode(iv), additionalData: encode(context) };
      const plain = await crypto.subtle.decrypt(algorithm, await aesKeyOf(key), decode(text));
      return { text: new TextDecoder().decode(plain), isOutdated: id !== current.id };
    },

    async fingerprint(value, purpose) {
      const algorithm = { name: 'HMAC', hash: 'SHA-256' };
      const key = await crypto.subtle.importKey('raw', current.bytes, algorithm, false, ['sign']);
      const mac = await crypto.subtle.sign('HMAC', key, encode(`${purpose}\n${value}`));
      return Buffer.from(mac).subarray(0, FINGERPRINT_BYTES).toString('hex');
    },
  };
}

const decode = (text: string) => Buffer.from(text, 'base64url');
