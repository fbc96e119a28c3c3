// The value of a secret as it is given: from standard input only, unseen where that is a terminal. MUST NOT print it or put it into an error.
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { Writable } from 'node:stream';
import { maxBytes } from '../clients/secrets/file.ts';
import { TidemarkError } from '../errors.ts';

export interface ValueInput {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stderr: Writable;
}

/** The value without its trailing newline. @throws CONFIG_INVALID when it is empty, larger than 64 KB or no UTF-8 text. */
export async function readSecretValue(question: string, { stdin, stderr }: ValueInput): Promise<string> {
  const value = stdin.isTTY === true ? await askUnseen(question, stdin, stderr) : decoded(await readAll(stdin)).replace(/\r?\n$/, '');
  if (value === '') throw refused('is empty', 'Type it when you are asked, or pipe it in: "tidemark secret set NAME < FILE".');
  if (Buffer.byteLength(value) > maxBytes) throw tooLarge();
  return value;
}

async function readAll(stdin: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    const bytes: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    size += bytes.length;
    // One newline more is dropped.
    if (size > maxBytes + 2) throw tooLarge();
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

function decoded(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw refused('is no UTF-8 text', 'Give the value as text; a certificate as PEM.');
  }
}

/** One line, typed. What readline would echo goes nowhere. */
function askUnseen(question: string, stdin: Readable, stderr: Writable): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: nowhere, terminal: true, historySize: 0 });
  stderr.write(question);
  return new Promise((resolve, reject) => {
    let line = '';
    lines.once('line', (text) => {
      line = text;
      lines.close();
    });
    lines.once('SIGINT', () => {
      reject(new TidemarkError('CONFIG_INVALID', 'Nothing was set.', { hint: 'Ask again when you have the value.' }));
      lines.close();
    });
    lines.once('close', () => {
      stderr.write('\n');
      resolve(line);
    });
  });
}

function tooLarge(): TidemarkError {
  return refused(`is larger than ${maxBytes / 1024} KB`, 'Give the value alone.');
}

function refused(what: string, hint: string): TidemarkError {
  return new TidemarkError('CONFIG_INVALID', `The value ${what}; nothing was set.`, { hint });
}
