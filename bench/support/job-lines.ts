/** What a job has cost, by the line that the Worker logs of it. */
export type JobLine = {
  jobId: string;
  type: string;
  outcome: string;
  durationMs: number;
  roundTrips: number;
  rowsWritten: number;
};

/** Gathers the lines on jobs from what a server prints, whatever stands between them. */
export function collectJobLines(): { onOutput: (text: string) => void; take: () => JobLine[] } {
  let unfinished = '';
  let lines: JobLine[] = [];
  return {
    onOutput(text) {
      const pieces = (unfinished + text).split('\n');
      unfinished = pieces.pop() ?? '';
      for (const piece of pieces) if (piece.startsWith('{"level":"info","event":"job",')) lines.push(JSON.parse(piece));
    },
    /** Those since the last call. */
    take() {
      const taken = lines;
      lines = [];
      return taken;
    },
  };
}
