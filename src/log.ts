// The log of a process: JSON lines on stderr. Every line passes the redaction of clients/redact before it leaves (invariant I14).
import { pino } from 'pino';
import { redact, redactError } from './clients/redact.ts';
import type { LogLevel } from './config.ts';

/** Small facts beside the message. An `error` is shown with its chain of causes, cleaned. */
type LogDetails = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(message: string, details?: LogDetails): void;
  info(message: string, details?: LogDetails): void;
  warn(message: string, details?: LogDetails): void;
  error(message: string, details?: LogDetails): void;
}

/** Writes to `stream`, which is stderr but in tests. */
export function createLogger(level: LogLevel, stream: { write(line: string): unknown } = process.stderr): Logger {
  const lines = pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: (error: unknown) => redactError(error) },
    },
    { write: (line) => void stream.write(redact(line)) },
  );
  return {
    debug: (message, details = {}) => lines.debug(details, message),
    info: (message, details = {}) => lines.info(details, message),
    warn: (message, details = {}) => lines.warn(details, message),
    error: (message, details = {}) => lines.error(details, message),
  };
}
