// Calls the command line as its users do: a process of its own, its words, its two streams, its exit code.
import { spawn } from 'node:child_process';
import { compileCache, preparedMain } from '../support/code.ts';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

export interface CallOptions {
  /** Added to an environment that has nothing of Tidemark's or Temporal's. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly stdin?: string;
  /** Called with what it writes on stderr, as it comes. */
  readonly onNote?: (text: string) => void;
  /** Ends the process. @default 60 s */
  readonly timeoutMs?: number;
}

export async function tidemark(words: readonly string[], options: CallOptions = {}): Promise<Ended> {
  const main = await preparedMain();
  const begun = performance.now();
  const env = { ...bare(), NODE_COMPILE_CACHE: compileCache, ...options.env };
  const child = spawn(process.execPath, [main, ...words], { cwd: options.cwd, env });
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

/** What a shell has anyway. */
function bare(): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
}
