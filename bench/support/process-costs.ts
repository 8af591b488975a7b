import { readFileSync, writeFileSync } from 'node:fs';
import { groupProcesses } from './inner-port.ts';

/** What the server's workerd costs this machine, its stand-ins for D1, R2 and the queue included. Linux only. */
export type ProcessCosts = {
  /** Milliseconds of CPU that it has used so far. */
  cpuMs(): number;
  /** Bytes that it has in memory now. */
  residentBytes(): number;
  /** The most bytes that it had in memory since the last call. */
  takePeakBytes(): number;
};

/** Clock ticks a second, which Linux has told programs on every machine for decades. */
const TICKS_PER_SECOND = 100;
/** Resets the peak (proc(5), clear_refs). */
const RESET_PEAK = '5';

/** Undefined where processes cannot be looked into. */
export function processCosts(server: { pid: number }): ProcessCosts | undefined {
  const processes = groupProcesses(server.pid);
  if (processes.length === 0) return undefined;
  const sum = (of: (pid: string) => number) => processes.reduce((total, pid) => total + of(pid), 0);
  return {
    cpuMs: () => sum(cpuMs),
    residentBytes: () => sum((pid) => statusBytes(pid, 'VmRSS')),
    takePeakBytes() {
      const peak = sum((pid) => statusBytes(pid, 'VmHWM'));
      for (const pid of processes) writeFileSync(`/proc/${pid}/clear_refs`, RESET_PEAK);
      return peak;
    },
  };
}

function cpuMs(pid: string): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // After the command in parentheses, counted from the state: user and system time are the 12th and 13th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

function statusBytes(pid: string, name: string): number {
  const [, kilobytes] =
    new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes ?? Number.NaN) * 1024;
}
