// Runs verbs in one process, each as it is told over the channel: starting a process for each costs more than most verbs do.
// What it runs is the program that `tidemark` runs, on Node itself; its directory and environment are those of all its verbs.
import { Readable, Writable } from 'node:stream';
import { runProgram } from '../../src/cli/program.ts';

export interface AskedVerb {
  readonly call: number;
  readonly words: readonly string[];
  readonly stdin: string;
}

/** A piece of what a verb writes, or at last its exit code. */
export type Told = { readonly call: number } & (
  | { readonly stream: 'stdout' | 'stderr'; readonly chunk: Uint8Array }
  | { readonly code: number }
);

const tell = (told: Told, done: () => void): void => void process.send?.(told, undefined, undefined, done);

async function run({ call, words, stdin }: AskedVerb): Promise<void> {
  const to = (stream: 'stdout' | 'stderr'): Writable =>
    new Writable({ write: (chunk: Buffer, _encoding, done) => tell({ call, stream, chunk }, () => done()) });
  Object.defineProperty(process, 'stdin', { configurable: true, value: Readable.from([Buffer.from(stdin)]) });
  const code = await runProgram(words, { stdout: to('stdout'), stderr: to('stderr') });
  tell({ call, code }, () => undefined);
}

process.on('message', (asked: AskedVerb) => void run(asked));
process.once('disconnect', () => process.exit());
