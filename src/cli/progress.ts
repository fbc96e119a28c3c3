// How far a run is, drawn on stderr: in place on a terminal, a line every two seconds otherwise. Fed from checkpoints, never from heartbeats.
import type { Output } from './output.ts';
import { durationText } from './words.ts';

export interface Progress {
  /** Objects read so far, all streams. */
  readonly read: number;
  /** How many the last complete run of this kind read; null when there was none. */
  readonly expected: number | null;
  /** The streams not yet ended. */
  readonly streams: readonly string[];
}

export interface ProgressDisplay {
  show(progress: Progress): void;
  stop(): void;
}

const lineEveryMs = 2000;

export async function createProgress(output: Output, run: string): Promise<ProgressDisplay> {
  const startedAt = Date.now();
  let first: number | null = null;
  const text = (progress: Progress): string => {
    first ??= progress.read;
    const seconds = (Date.now() - startedAt) / 1000;
    const rate = seconds > 0 ? (progress.read - first) / seconds : 0;
    return progressLine(run, progress, rate);
  };
  return output.interactive ? await drawn(output, text) : plain(output, text);
}

/** One line of count, rate and time left, e.g. `contoso:3: 1,200 of about 2,000 read, 400/s, 2 s left (users, groups)`. */
export function progressLine(run: string, { read, expected, streams }: Progress, rate: number): string {
  const number = (value: number): string => Math.round(value).toLocaleString('en-US');
  const total = expected === null ? '' : ` of about ${number(Math.max(expected, read))}`;
  const left = expected !== null && rate > 0 && expected > read ? `, ${durationText(((expected - read) / rate) * 1000)} left` : '';
  return `${run}: ${number(read)}${total} read, ${number(rate)}/s${left}${streams.length === 0 ? '' : ` (${streams.join(', ')})`}`;
}

function plain(output: Output, text: (progress: Progress) => string): ProgressDisplay {
  let lastAt = 0;
  return {
    show: (progress) => {
      // Before the plan there is nothing to tell.
      if (progress.streams.length === 0 && progress.read === 0) return;
      const line = text(progress);
      if (Date.now() - lastAt < lineEveryMs) return;
      lastAt = Date.now();
      output.note(line);
    },
    stop: () => undefined,
  };
}

async function drawn(output: Output, text: (progress: Progress) => string): Promise<ProgressDisplay> {
  const { default: progress } = await import('cli-progress');
  const bar = new progress.SingleBar({
    stream: output.notes,
    hideCursor: true,
    clearOnComplete: true,
    barsize: 24,
    format: (options, { progress: share }, { line, known }: { line: string; known: boolean }) => {
      const filled = Math.round(Math.min(1, share) * (options.barsize ?? 0));
      return known ? `${'█'.repeat(filled)}${'░'.repeat((options.barsize ?? 0) - filled)} ${line}` : line;
    },
  });
  bar.start(1, 0, { line: '', known: false });
  return {
    show: (now) => {
      bar.setTotal(Math.max(now.expected ?? 0, now.read, 1));
      bar.update(now.read, { line: text(now), known: now.expected !== null });
    },
    stop: () => bar.stop(),
  };
}

/** The answer; when it is not there after two seconds, the line says on stderr what is waited for. */
export async function whileWaiting<T>(output: Output, line: string, answer: Promise<T>): Promise<T> {
  const timer = setTimeout(() => output.note(line), lineEveryMs);
  try {
    return await answer;
  } finally {
    clearTimeout(timer);
  }
}
