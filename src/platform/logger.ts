/** Facts about an event. Never content, credentials, or addresses. */
export type LogFields = Record<string, string | number | boolean | null | undefined>;

export type Logger = {
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  /** Logs an unexpected error whole: name, message, stack and causes. */
  error(event: string, error: unknown, fields?: LogFields): void;
};

const LEVELS = ['info', 'warn', 'error'] as const;
export type LogLevel = (typeof LEVELS)[number];

/**
 * One JSON line per event on standard output, which Workers Logs indexes by field.
 * @param least lines of lesser levels are not written.
 */
export function createLogger(least: LogLevel = 'info'): Logger {
  const write = (level: LogLevel, event: string, fields: LogFields) => {
    if (LEVELS.indexOf(level) >= LEVELS.indexOf(least)) console.log(JSON.stringify({ level, event, ...fields }));
  };
  return {
    info: (event, fields = {}) => write('info', event, fields),
    warn: (event, fields = {}) => write('warn', event, fields),
    error: (event, error, fields = {}) => write('error', event, { ...fields, ...describeError(error) }),
  };
}

const MAX_CAUSES = 5;

function describeError(error: unknown): LogFields {
  const parts: string[] = [];
  let current = error;
  for (let depth = 0; current !== undefined && depth < MAX_CAUSES; depth++) {
    parts.push(current instanceof Error ? describeOne(current) : String(current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return { error: parts.join('\ncaused by ') };
}

/** Some errors' messages quote what people wrote: of those only the place is kept. */
function describeOne(error: Error): string {
  const { name, message, stack = '' } = error;
  if (!quotesContent(error)) return stack || `${name}: ${message}`;
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  return [`${name} (its message may quote content)`, ...frames].join('\n');
}

/** Failed queries quote their parameters, parsers of JSON the text. */
const quotesContent = (error: Error) => 'params' in error || error instanceof SyntaxError;
