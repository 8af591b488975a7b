import { table } from '../terminal.ts';
import type { Finding, Report } from './bench.ts';

/** What was called, what was answered, and what is wrong, for the person at the terminal. */
export function renderReport(report: Report, { seed, seconds }: { seed: number; seconds: number }): string {
  const rows = [...report.tallies].map(([operation, tally]) => {
    const calls = Object.values(tally).reduce((sum, count) => sum + count, 0);
    const statuses = Object.entries(tally).map(([status, count]) => `${status}×${count}`);
    return [operation, calls, statuses.join(' ')];
  });
  const untouched = [...report.tallies].filter(([, tally]) => !hasSuccess(tally)).map(([operation]) => operation);
  const notes = untouched.length > 0 ? [`Never answered with success: ${untouched.join(', ')}.`] : [];
  const found = report.findings.map((finding, at) => `${at + 1}. ${renderFinding(finding)}`);
  const sum = `${report.calls} calls in ${report.rounds} rounds, ${seconds.toFixed(1)} s, seed ${seed}: `;
  const end =
    found.length === 0 ? 'nothing found.' : `${found.length} findings. $TOKEN is an access token of any user.`;
  return [table([['operation', 'calls', 'answers'], ...rows]), ...notes, ...found, sum + end].join('\n\n');
}

export const hasSuccess = (tally: Record<string, number>): boolean =>
  Object.keys(tally).some((status) => /^[23]/.test(status));

const renderFinding = ({ operation, rule, detail, what, answer, curl }: Finding): string =>
  [`${operation}: ${rule}: ${detail}`, `   tried    ${what}`, `   answered ${answer}`, `   again    ${curl}`].join(
    '\n',
  );
