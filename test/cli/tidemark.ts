// Calls the command line as its users do: its words, its two streams, its exit code.
import { type ChildProcess, fork, spawn } from 'node:child_process';
import path from 'node:path';
import { nodeEnvironment, preparedMain } from '../support/code.ts';
import type { AskedVerb, Told } from '../support/commandLine.ts';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

interface Place {
  /** Added to an environment that has nothing of Tidemark's or Temporal's. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface CallOptions extends Place {
  readonly stdin?: string;
  /** Called with what it writes on stderr, as it comes. */
  readonly onNote?: (text: string) => void;
  /** Ends the process. @default 60 s */
  readonly timeoutMs?: number;
}

/** In a process of its own. */
export async function tidemark(words: readonly string[], options: CallOptions = {}): Promise<Ended> {
  const main = await preparedMain();
  const begun = performance.now();
  const child = spawn(process.execPath, [main, ...words], { cwd: options.cwd, env: environment(options.env) });
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => {
    err.push(chunk);
    options.onNote?.(chunk.toString());
  });
  // Refused before it was read.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.stdin ?? '');
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 60_000);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString(), ms: performance.now() - begun });
    });
  });
}

export interface CommandLine {
  /** In the process that they share, side by side where several are called; with options in one of its own. */
  call(words: readonly string[], options?: CallOptions): Promise<Ended>;
  /** In the process that they share, with this on standard input; MUST be called while no other one is. */
  callWith(words: readonly string[], stdin: string): Promise<Ended>;
  stop(): Promise<void>;
}

/** A directory and an environment for suites that call many verbs there. */
export function openCommandLine(place: Place = {}): CommandLine {
  const child = fork(path.join(import.meta.dirname, '../support/commandLine.ts'), {
    cwd: place.cwd,
    env: environment(place.env),
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  let calls = 0;
  return {
    call: (words, options) =>
      options === undefined
        ? ended(child, { call: ++calls, words, stdin: '' })
        : tidemark(words, { ...place, ...options, env: { ...place.env, ...options.env } }),
    callWith: (words, stdin) => ended(child, { call: ++calls, words, stdin }),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.disconnect();
      await exited;
    },
  };
}

function ended(child: ChildProcess, asked: AskedVerb): Promise<Ended> {
  const begun = performance.now();
  const written: Record<'stdout' | 'stderr', Uint8Array[]> = { stdout: [], stderr: [] };
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new Error(`The process ended in "${asked.words.join(' ')}".`));
    const listen = (told: Told): void => {
      if (told.call !== asked.call) return;
      if ('stream' in told) {
        written[told.stream].push(told.chunk);
        return;
      }
      child.off('message', listen).off('exit', gone);
      const [stdout, stderr] = [written.stdout, written.stderr].map((chunks) => Buffer.concat(chunks).toString());
      resolve({ code: told.code, stdout: stdout ?? '', stderr: stderr ?? '', ms: performance.now() - begun });
    };
    child.on('message', listen).once('exit', gone);
    child.send(asked);
  });
}

/** What a shell has anyway, and what is given. */
function environment(given: Readonly<Record<string, string>> = {}): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG'];
  const bare = names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  return { ...Object.fromEntries(bare), ...nodeEnvironment, ...given };
}
