import { vi } from 'vitest';

/** Collects what is written to the console until `stop` is called. */
export function listen() {
  const lines: string[] = [];
  const spies = (['log', 'info', 'warn', 'error', 'debug'] as const).map((level) =>
    vi.spyOn(console, level).mockImplementation((...parts) => void lines.push(parts.map(String).join(' '))),
  );
  return {
    lines,
    stop: () => {
      for (const spy of spies) spy.mockRestore();
    },
  };
}
