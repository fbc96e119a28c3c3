// Which files `-f` names, and what they hold. Reads the disk, judges nothing.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { SourceFile } from '../connectors/connectionFile.ts';
import { TidemarkError } from '../errors.ts';

const endings = ['.yaml', '.yml', '.json'];
const standardInput = 0;

/**
 * A file, the files of a directory (not those below it) in the order of their names, or standard input for `-`.
 * @throws CONFIG_INVALID when one cannot be read, or a directory has none.
 */
export function readFiles(given: readonly string[]): SourceFile[] {
  return given.flatMap((name) => {
    if (name === '-') return [{ file: 'standard input', text: readFileSync(standardInput, 'utf8') }];
    const files = attempt(name, () => (statSync(name).isDirectory() ? filesOf(name) : [name]));
    return files.map((file) => ({ file, text: attempt(file, () => readFileSync(file, 'utf8')) }));
  });
}

/** The PEM that a file names, relative to that file. @throws whatever reading it throws. */
export function readCa(file: string, caFile: string): string {
  return readFileSync(path.resolve(path.dirname(file), caFile), 'utf8');
}

function filesOf(directory: string): string[] {
  const names = readdirSync(directory).filter((name) => endings.includes(path.extname(name).toLowerCase()));
  if (names.length === 0) {
    throw new TidemarkError('CONFIG_INVALID', `The directory ${directory} has no ${endings.join(', ')} file.`, {
      hint: 'Name a file, or another directory.',
    });
  }
  return names.sort().map((name) => path.join(directory, name));
}

function attempt<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof TidemarkError) throw error;
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
    throw new TidemarkError('CONFIG_INVALID', `${name} cannot be read (${reason}).`, {
      hint: 'Name a file or directory that exists and may be read.',
      cause: error,
    });
  }
}
