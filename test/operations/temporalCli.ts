// Temporal's own command line, as operators call it: a process of its own on the stack's server.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { findTemporalBinary, temporalOrigins } from '../../src/stack/temporalBinary.ts';
import { eventually } from '../support/waiting.ts';
import type { CliStack } from '../cli/stack.ts';

interface Called {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where the `temporal` binary is that tests use. */
function temporalBinary(): Promise<string> {
  return findTemporalBinary(temporalOrigins(path.join(import.meta.dirname, '../../node_modules/.cache/tidemark')));
}

export interface TemporalCli {
  (...words: readonly string[]): Promise<Called>;
  /** What it prints as JSON. @throws when it fails. */
  json(...words: readonly string[]): Promise<unknown>;
}

/** `words` are those after `temporal`, as in docs/operations.md. */
export async function temporalCli(
  stack: Pick<CliStack, 'directory' | 'env'>,
  env: Readonly<Record<string, string>> = {},
): Promise<TemporalCli> {
  const binary = await temporalBinary();
  const call = (...words: readonly string[]): Promise<Called> => {
    const child = spawn(binary, words, {
      cwd: stack.directory,
      env: { PATH: process.env['PATH'], HOME: stack.directory, ...stack.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [out, err]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }));
    });
  };
  const json = async (...words: readonly string[]): Promise<unknown> => {
    const { code, stdout, stderr } = await call(...words, '-o', 'json');
    if (code !== 0) throw new Error(`temporal ${words.join(' ')}: ${code} ${stderr}`);
    return JSON.parse(stdout);
  };
  return Object.assign(call, { json });
}

const waitMs = 60_000;
/** Each look costs a server, a worker and often a process some milliseconds. */
const everyMs = 200;

/** Asks until the answer is what is waited for. */
export const soon = <T>(what: string, look: () => Promise<T | null>): Promise<T> => eventually(what, waitMs, look, everyMs);
