// tidemark secret encrypt FILE --certificate CERT (--path /json/path | -f PLAIN): puts values into FILE, encrypted for `jwe:` references. What else is in
// FILE stays. Values come from standard input or a file, never from the command line; nothing is asked of a server.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { maxBytes } from '../../clients/secrets/file.ts';
import { encryptValue, isEncrypted, maxFileBytes } from '../../clients/secrets/jwe.ts';
import { codeOf } from '../../clients/thrown.ts';
import { thumbprintOf } from '../../clients/secrets/jweKeys.ts';
import { isPointer, type Json, leavesOf, placesAbove, valueAt, withValueAt } from '../../clients/secrets/pointer.ts';
import { TidemarkError } from '../../errors.ts';
import { writeWhole } from '../../files/wholeFile.ts';
import { readRecipients } from '../certificates.ts';
import type { Context } from '../context.ts';
import { readSecretValue } from '../secretValue.ts';

export interface EncryptOptions {
  readonly certificate: readonly string[];
  readonly path?: string;
  /** A JSON file of plain values; its shape becomes the shape of the encrypted one. */
  readonly file?: string;
}

export async function secretEncrypt(context: Context, target: string, options: EncryptOptions): Promise<void> {
  if ((options.path === undefined) === (options.file === undefined)) {
    throw new TidemarkError('CONFIG_INVALID', 'Either --path (one value, from standard input) or -f (a file of plain values) is needed.');
  }
  if (options.path !== undefined && !isPointer(options.path)) {
    throw new TidemarkError('CONFIG_INVALID', 'That is no path in a JSON file.', { hint: 'Write it like /contoso/clientSecret.' });
  }
  const certificates = readRecipients(options.certificate, (note) => context.output.note(note));
  const before = readJson(target) ?? {};
  const values = options.path === undefined ? plainValues(options.file ?? '') : [await oneValue(options.path, context)];
  let document = before;
  for (const { pointer, value } of values) {
    const inside = placesAbove(pointer).find((place) => isEncrypted(valueAt(document, place)));
    const jwe = z.json().parse(await encryptValue(value, pointer, certificates));
    const changed = inside === undefined ? withValueAt(document, pointer, jwe) : null;
    if (changed === null)
      throw new TidemarkError('CONFIG_INVALID', `${target} has a value in the way of ${pointer}.`, { hint: 'Choose another path.' });
    document = changed;
  }
  const text = `${JSON.stringify(document, null, 2)}\n`;
  if (Buffer.byteLength(text) > maxFileBytes) {
    throw new TidemarkError('CONFIG_INVALID', `${target} would be larger than a worker reads (${maxFileBytes} bytes).`, {
      hint: 'Put the values into several files.',
    });
  }
  await replace(target, text);
  const recipients = certificates.map(thumbprintOf);
  const rows = values.map(({ pointer }) => ({ file: target, path: pointer, certificates: recipients }));
  await context.output.rows(rows, {
    columns: [
      { title: 'file', value: ({ file }) => file },
      { title: 'path', value: ({ path }) => path },
      { title: 'certificates', value: (row) => row.certificates.map((kid) => `${kid.slice(0, 16)}…`).join(', ') },
    ],
  });
  if (options.file !== undefined) context.output.note(`${options.file} still has the values as they are: remove it.`);
}

/** For its owner only. @throws CONFIG_INVALID where it cannot be written. */
async function replace(file: string, text: string): Promise<void> {
  try {
    await writeWhole(file, text, 0o600);
  } catch (error) {
    throw new TidemarkError('CONFIG_INVALID', `${file} cannot be written.`, {
      hint: 'Name a file in a directory that you may write to.',
      cause: error,
    });
  }
}

interface Plain {
  readonly pointer: string;
  readonly value: string;
}

async function oneValue(pointer: string, { output }: Context): Promise<Plain> {
  return { pointer, value: await readSecretValue(`Value of ${pointer} (not shown): `, { stdin: process.stdin, stderr: output.notes }) };
}

/** Every value of the file, which MUST be a text that is not empty: of anything else it cannot be told what was meant. */
function plainValues(file: string): Plain[] {
  const document = readJson(file);
  const leaves = document === null ? [] : [...leavesOf(document)];
  if (leaves.length === 0)
    throw new TidemarkError('CONFIG_INVALID', `${file} holds no values.`, { hint: 'Write {"contoso": {"clientSecret": "…"}} into it.' });
  return leaves.map(({ pointer, value }) => {
    if (typeof value === 'string' && value !== '' && Buffer.byteLength(value) <= maxBytes && isPointer(pointer)) return { pointer, value };
    throw new TidemarkError(
      'CONFIG_INVALID',
      `${file}: what stands at ${pointer === '' ? 'the top' : pointer} is no text of 1 byte to 64 KB.`,
      {
        hint: 'Every value has to be a text in an object.',
      },
    );
  });
}

/** null where there is no such file. MUST NOT repeat what is in it. */
function readJson(file: string): Json | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw new TidemarkError('CONFIG_INVALID', `${file} cannot be read.`, { hint: 'Name a file that may be read.', cause: error });
  }
  try {
    return z.json().parse(JSON.parse(text));
  } catch {
    throw new TidemarkError('CONFIG_INVALID', `${file} is no JSON.`, { hint: 'Correct it.' });
  }
}
