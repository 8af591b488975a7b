import photonModule from '@cf-wasm/photon/photon.wasm';
import { RASTER_SIDE, type Raster } from './image-raster.ts';

/** The filter that weighs every pixel that falls into one of the result. */
const TRIANGLE = 2;

/** The functions of photon's module that are used; numbers are addresses in its memory. */
type Photon = {
  memory: WebAssembly.Memory;
  call(name: string, ...args: number[]): number;
  /** Calls a function that gives several numbers. */
  list(name: string, ...args: number[]): number[];
};

/**
 * The picture at 64 × 64 by photon, the decoders of Rust's `image`: PNG, JPEG, GIF, WebP, BMP, TIFF. Each picture gets an
 * instance of its own, without any of the functions that it could call outside: what a hostile file does to it, and the
 * memory that it grew to, go with it. That is why the package's own bindings, which keep one for good, are not used.
 * @throws WebAssembly.RuntimeError for what it cannot decode
 */
export function decodeByPhoton(bytes: Uint8Array): Raster & { memoryBytes: number } {
  const photon = instantiate();
  const { memory, call } = photon;
  const input = call('__wbindgen_malloc', bytes.length, 1);
  new Uint8Array(memory.buffer, input, bytes.length).set(bytes);
  const picture = call('photonimage_new_from_byteslice', input, bytes.length);
  const small = call('resize', picture, RASTER_SIDE, RASTER_SIDE, TRIANGLE);
  return { rgba: readPixels(photon, small), memoryBytes: memory.buffer.byteLength };
}

function instantiate(): Photon {
  const { memory, ...functions } = new WebAssembly.Instance(photonModule, closedImports()).exports;
  if (!(memory instanceof WebAssembly.Memory)) throw new Error('The photon module is damaged');
  const run = (name: string, args: number[]): unknown => {
    const exported = functions[name];
    if (typeof exported !== 'function') throw new Error('The photon module is damaged');
    return exported(...args);
  };
  return {
    memory,
    call: (name, ...args) => Number(run(name, args)),
    list(name, ...args) {
      const given = run(name, args);
      return Array.isArray(given) ? given.map(Number) : [];
    },
  };
}

/** Everything that the module would call is for browsers, or to say why it gives up. */
function closedImports(): WebAssembly.Imports {
  const imports: Record<string, Record<string, () => never>> = {};
  for (const { module, name } of WebAssembly.Module.imports(photonModule)) {
    const functions = imports[module] ?? {};
    functions[name] = () => {
      throw new WebAssembly.RuntimeError(`The decoder gave up (${name}).`);
    };
    imports[module] = functions;
  }
  return imports;
}

/** What decoding takes, measured: a copy of the file, the pixels as the file has them, and twice as RGBA. */
export const photonMemoryBytes = (
  { width, height, bytesPerPixel }: { width: number; height: number; bytesPerPixel: number },
  fileBytes: number,
): number => MODULE_BYTES + fileBytes + width * height * (bytesPerPixel + RGBA_COPIES_BYTES);

const MODULE_BYTES = 1_400_000;
const RGBA_COPIES_BYTES = 9;

/** Functions that give bytes give their address and number. */
function readPixels({ memory, list }: Photon, picture: number): Float32Array {
  const [at = 0, length = 0] = list('photonimage_get_raw_pixels', picture);
  return Float32Array.from(new Uint8Array(memory.buffer, at, length));
}
