/** The part of creation options that an authenticator looks at. */
export type CreationOptions = {
  rp: { id: string };
  user: { id: string };
  challenge: string;
  excludeCredentials: { id: string }[];
};

/** The part of request options that an authenticator looks at. */
export type RequestOptions = { rpId: string; challenge: string; allowCredentials: { id: string }[] };

/** What it does otherwise than a browser and an honest authenticator would. */
export type Quirks = {
  origin?: string;
  rpId?: string;
  challenge?: string;
  type?: string;
  crossOrigin?: boolean;
  userVerified?: boolean;
  /** The count it claims. */
  signCount?: number;
  userHandle?: string | null;
  credentialId?: string;
  /** Format of the attestation, with a statement as CBOR; or one that the new key has signed itself. */
  attestation?: { format: string; statement: Cbor } | 'self';
};

type Cbor = number | string | Uint8Array | Cbor[] | Map<Cbor, Cbor>;
type Credential = { id: string; userHandle: string; keys: CryptoKeyPair; signCount: number };

const ES256 = { name: 'ECDSA', namedCurve: 'P-256' };
const FLAGS = { userPresent: 0x01, userVerified: 0x04, attested: 0x40 };

/** A browser on the origin and its authenticator in one: real keys, real CBOR, attestation "none", answers as JSON. */
export function createSoftwareAuthenticator(origin = 'http://localhost:8787') {
  const credentials: Credential[] = [];

  const clientData = (type: string, challenge: string, quirks: Quirks) =>
    encode(
      JSON.stringify({
        type: quirks.type ?? type,
        challenge: quirks.challenge ?? challenge,
        origin: quirks.origin ?? origin,
        crossOrigin: quirks.crossOrigin ?? false,
      }),
    );

  const header = async (rpId: string, signCount: number, { quirks, flags }: { quirks: Quirks; flags: number }) => {
    const verified = (quirks.userVerified ?? true) ? FLAGS.userVerified : 0;
    const bits = flags | FLAGS.userPresent | verified;
    return bytes(await sha256(encode(quirks.rpId ?? rpId)), [bits], uint32(quirks.signCount ?? signCount));
  };

  return {
    /** Makes a passkey, as `navigator.credentials.create` does. */
    async create(options: CreationOptions, quirks: Quirks = {}) {
      const keys = (await crypto.subtle.generateKey(ES256, true, ['sign', 'verify'])) as CryptoKeyPair;
      const rawId = crypto.getRandomValues(new Uint8Array(32));
      const id = quirks.credentialId ?? base64url(rawId);
      if (options.excludeCredentials.some((excluded) => credentials.some((known) => known.id === excluded.id))) {
        throw new Error('InvalidStateError: this authenticator has a passkey for the account already.');
      }
      credentials.push({ id, userHandle: options.user.id, keys, signCount: 0 });
      const authData = bytes(
        await header(options.rp.id, 0, { quirks, flags: FLAGS.attested }),
        new Uint8Array(16),
        uint16(fromBase64url(id).length),
        fromBase64url(id),
        cbor(await coseKey(keys.publicKey)),
      );
      const data = clientData('webauthn.create', options.challenge, quirks);
      const { format, statement } =
        quirks.attestation === 'self'
          ? { format: 'packed', statement: await selfStatement(keys, bytes(authData, await sha256(data))) }
          : (quirks.attestation ?? { format: 'none', statement: new Map() });
      const attestation = new Map<Cbor, Cbor>([
        ['fmt', format],
        ['attStmt', statement],
        ['authData', authData],
      ]);
      return {
        id,
        rawId: id,
        type: 'public-key',
        response: {
          clientDataJSON: base64url(data),
          attestationObject: base64url(cbor(attestation)),
          transports: ['internal'],
        },
        clientExtensionResults: {},
      };
    },

    /** Uses a passkey, as `navigator.credentials.get` does: one of the allowed ones, or the newest. */
    async get(options: RequestOptions, quirks: Quirks = {}) {
      const allowed = options.allowCredentials.map(({ id }) => id);
      const credential = credentials.findLast(({ id }) => allowed.length === 0 || allowed.includes(id));
      if (!credential) throw new Error('NotAllowedError: this authenticator has none of these passkeys.');
      credential.signCount += 1;
      const authData = await header(options.rpId, credential.signCount, { quirks, flags: 0 });
      const data = clientData('webauthn.get', options.challenge, quirks);
      const signed = bytes(authData, await sha256(data));
      const signature = await sign(credential.keys, signed);
      return {
        id: credential.id,
        rawId: credential.id,
        type: 'public-key',
        response: {
          clientDataJSON: base64url(data),
          authenticatorData: base64url(authData),
          signature: base64url(signature),
          userHandle: quirks.userHandle === undefined ? credential.userHandle : quirks.userHandle,
        },
        clientExtensionResults: {},
      };
    },
  };
}

export type SoftwareAuthenticator = ReturnType<typeof createSoftwareAuthenticator>;

async function sign({ privateKey }: CryptoKeyPair, data: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const raw = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, data);
  return derSignature(new Uint8Array(raw));
}

const selfStatement = async (keys: CryptoKeyPair, data: Uint8Array<ArrayBuffer>) =>
  new Map<Cbor, Cbor>([
    ['alg', -7],
    ['sig', await sign(keys, data)],
  ]);

/** COSE_Key (RFC 9053): kty EC2, alg ES256, crv P-256, x, y. */
async function coseKey(publicKey: CryptoKey): Promise<Map<Cbor, Cbor>> {
  const point = new Uint8Array((await crypto.subtle.exportKey('raw', publicKey)) as ArrayBuffer);
  return new Map<Cbor, Cbor>([
    [1, 2],
    [3, -7],
    [-1, 1],
    [-2, point.slice(1, 33)],
    [-3, point.slice(33)],
  ]);
}

/** CBOR (RFC 8949) of what WebAuthn needs. */
export function cbor(value: Cbor): Uint8Array<ArrayBuffer> {
  if (typeof value === 'number') return value >= 0 ? head(0, value) : head(1, -1 - value);
  if (value instanceof Uint8Array) return bytes(head(2, value.length), value);
  if (typeof value === 'string') return bytes(head(3, encode(value).length), encode(value));
  if (Array.isArray(value)) return bytes(head(4, value.length), ...value.map(cbor));
  return bytes(head(5, value.size), ...[...value].flatMap(([key, part]) => [cbor(key), cbor(part)]));
}

function head(major: number, length: number): Uint8Array<ArrayBuffer> {
  const type = major << 5;
  if (length < 24) return bytes([type | length]);
  return length < 256 ? bytes([type | 24, length]) : bytes([type | 25], uint16(length));
}

/** What WebCrypto calls a signature is two numbers; WebAuthn wants them in DER. */
function derSignature(raw: Uint8Array): Uint8Array<ArrayBuffer> {
  const numbers = [raw.slice(0, 32), raw.slice(32)].map((part) => {
    const trimmed = part.slice(
      Math.max(
        0,
        Math.min(
          part.findIndex((byte) => byte !== 0),
          part.length - 1,
        ),
      ),
    );
    const positive = (trimmed[0] ?? 0) > 0x7f ? bytes([0], trimmed) : bytes(trimmed);
    return bytes([2, positive.length], positive);
  });
  return bytes([0x30, numbers.reduce((total, { length }) => total + length, 0)], ...numbers);
}

const encode = (text: string) => bytes(new TextEncoder().encode(text));
const sha256 = async (data: Uint8Array<ArrayBuffer>) => new Uint8Array(await crypto.subtle.digest('SHA-256', data));
const bytes = (...parts: Iterable<number>[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
const uint16 = (value: number) => [value >> 8, value & 0xff];
const uint32 = (value: number) => [value >>> 24, (value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff];
export const base64url = (data: Uint8Array): string => data.toBase64({ alphabet: 'base64url', omitPadding: true });
const fromBase64url = (text: string) => Uint8Array.fromBase64(text, { alphabet: 'base64url' });
