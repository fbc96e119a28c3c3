// Which Tidemark this is: the version of its package, from a checkout or installed.
import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';

export function packageVersion(): string {
  const file = findPackageJSON('.', import.meta.url);
  return (file === undefined ? null : /"version": "([^"]+)"/.exec(readFileSync(file, 'utf8'))?.[1]) ?? 'unknown';
}
