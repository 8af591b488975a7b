/** Numbers of any number of bits, the highest first. Every method throws a RangeError beyond the end. */
export type BitReader = {
  /** 0 to 32 bits. */
  read(count: number): number;
  /** 0 to 32 bits as two's complement. */
  signed(count: number): number;
  /** The number of zeros before the next one. */
  unary(): number;
  /** A Rice code: the quotient in unary, `parameter` bits of remainder, the sign in the lowest bit. */
  rice(parameter: number): number;
  /** Goes on at the next whole byte. */
  align(): void;
};

/** Longer runs of zeros are damage. */
const MAX_ZEROS = 1 << 20;

export function createBitReader(bytes: Uint8Array, start: number): BitReader {
  let at = start;
  let current = 0;
  let left = 0;

  const nextByte = () => {
    const byte = bytes[at];
    if (byte === undefined) throw new RangeError('The file ends too early.');
    at++;
    current = byte;
    left = 8;
  };
  const read = (count: number) => {
    let value = 0;
    for (let missing = count; missing > 0; ) {
      if (left === 0) nextByte();
      const taken = Math.min(missing, left);
      value = value * 2 ** taken + ((current >> (left - taken)) & ((1 << taken) - 1));
      left -= taken;
      missing -= taken;
    }
    return value;
  };
  const unary = () => {
    let zeros = 0;
    while (zeros < MAX_ZEROS) {
      if (left === 0) nextByte();
      const rest = current & ((1 << left) - 1);
      if (rest === 0) {
        zeros += left;
        left = 0;
        continue;
      }
      const leading = left - 32 + Math.clz32(rest);
      left -= leading + 1;
      return zeros + leading;
    }
    throw new RangeError('The data makes no sense.');
  };
  return {
    read,
    unary,
    signed(count) {
      if (count === 0) return 0;
      const value = read(count);
      return value >= 2 ** (count - 1) ? value - 2 ** count : value;
    },
    rice(parameter) {
      const value = unary() * 2 ** parameter + read(parameter);
      return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    },
    align() {
      left = 0;
    },
  };
}
