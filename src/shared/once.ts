/** Makes a value when it is first asked for, and gives the same one from then on. */
export function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** An object whose properties are made when they are first read. Spreading it makes them all. */
export function lazily<T extends Record<string, () => unknown>>(
  makers: T,
): { readonly [K in keyof T]: ReturnType<T[K]> } {
  const target = {};
  for (const [name, make] of Object.entries(makers))
    Object.defineProperty(target, name, { get: make, enumerable: true });
  return target as { readonly [K in keyof T]: ReturnType<T[K]> };
}
