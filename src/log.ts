// The log of a process: JSON lines on stderr. Every line passes the redaction of clients/redact before it leaves (invariant I14).
import { AsyncLocalStorage } from 'node:async_hooks';
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

/** What a line is about, as far as that is known. */
export interface Place {
  readonly connection?: string;
  readonly run?: number;
  readonly stream?: string;
}

const places = new AsyncLocalStorage<Place>();

/** Every line that is written while `work` goes on says its place. */
export const inPlace = <T>(place: Place, work: () => T): T => places.run(place, work);

/** The place that an activity's input names. */
export function placeOf(input: unknown): Place {
  if (typeof input !== 'object' || input === null) return {};
  const {
    connection,
    name,
    run,
    stream,
  }: { readonly connection?: unknown; readonly name?: unknown; readonly run?: unknown; readonly stream?: unknown } = input;
  const of = typeof connection === 'string' ? connection : name;
  return {
    ...(typeof of === 'string' ? { connection: of } : {}),
    ...(typeof run === 'number' ? { run } : {}),
    ...(typeof stream === 'string' ? { stream } : {}),
  };
}

/** The place that the id of a workflow names: `connection:NAME`, `pull:NAME:N`, `tick:NAME:PROFILE…`. */
export function placeOfWorkflow(workflowId: string): Place {
  const [kind, connection, rest] = workflowId.split(':');
  if (connection === undefined || (kind !== 'connection' && kind !== 'pull' && kind !== 'tick' && kind !== 'test')) return {};
  return kind === 'pull' && /^\d+$/.test(rest ?? '') ? { connection, run: Number(rest) } : { connection };
}

/** Writes to `stream`, which is stderr but in tests. */
export function createLogger(level: LogLevel, stream: { write(line: string): unknown } = process.stderr): Logger {
  const lines = pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: () => ({ ...places.getStore() }),
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
