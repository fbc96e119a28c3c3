// A set of files on disk. Consumers open DIR/NAME_….csv: each is a link through DIR/NAME_current, which leads to the folder of one set, so that one
// rename moves all of them at once (I13). A name that only one of two sets has leads nowhere while the other one stands: to who opens it, it is not there.
// MUST be repeatable at any point, and touch nothing that it did not make.
import { randomUUID } from 'node:crypto';
import { lstat, mkdir, open, readdir, readFile, readlink, rename, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { codeOf } from '../clients/thrown.ts';
import { TidemarkError } from '../errors.ts';
import { failpoint } from '../failpoint.ts';
import { partialEnd, partialOf, writeWhole } from '../files/wholeFile.ts';
import { hashOf } from '../mappings/canonical.ts';
import { fileMode } from './csvFile.ts';

const folderMode = 0o750;

const currentName = (name: string): string => `${name}_current`;
export const manifestName = (name: string): string => `${name}_manifest.json`;
const cookiePrefix = (name: string): string => `${name}_cookie_`;
export const cookieName = (name: string, entity: string): string => `${cookiePrefix(name)}${entity}.bin`;
const isSetOf = (name: string, entry: string): boolean => entry.startsWith(`${name}_set_`);
/** What this module makes on the way: a link or a file that is renamed, or was left behind. */
const isLeftOver = (name: string, entry: string): boolean => entry.startsWith(`${name}_`) && entry.endsWith(partialEnd);

/** An empty folder for a set of this run; another attempt's is another one. */
export async function createSetFolder(directory: string, name: string, run: number): Promise<string> {
  await mkdir(directory, { recursive: true, mode: folderMode });
  const folder = `${name}_set_${run}_${randomUUID().slice(0, 8)}`;
  await mkdir(path.join(directory, folder), { mode: folderMode });
  return folder;
}

/** Makes what was renamed, made or removed in a directory last. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The text of a file; null when it is not there. */
export async function textOf(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** SHA-256 of each cookie file, by entity; those that are not there left out. */
export async function cookieHashes(cookies: string, name: string, entities: readonly string[]): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entity of entities) {
    const text = await textOf(path.join(cookies, cookieName(name, entity)));
    if (text !== null) found[entity] = hashOf(text);
  }
  return found;
}

/** Makes a set the consumers' own. @throws EXPORT_FAILED when a name is taken by what another hand made. */
export async function publishFolder(directory: string, name: string, folder: string): Promise<void> {
  const files = (await readdir(path.join(directory, folder))).filter((file) => !file.startsWith(cookiePrefix(name)));
  for (const file of files) await ensureLink(directory, file, path.join(currentName(name), file));
  await syncDirectory(directory);
  failpoint('export.afterLinks');
  await pointTo(directory, currentName(name), folder);
  await syncDirectory(directory);
  failpoint('export.afterSwitch');
}

/** Puts the cookies of a set where consumers keep them. */
export async function publishCookies(
  directory: string,
  cookies: string,
  name: string,
  folder: string,
  entities: readonly string[],
): Promise<void> {
  await mkdir(cookies, { recursive: true, mode: folderMode });
  for (const entity of entities) {
    const file = cookieName(name, entity);
    const text = await textOf(path.join(directory, folder, file));
    if (text !== null) await writeWhole(path.join(cookies, file), text, fileMode);
    failpoint('export.afterCookie');
  }
  await syncDirectory(cookies);
}

/** The folder that consumers have; null before the first set. */
export async function currentFolder(directory: string, name: string): Promise<string | null> {
  return linkAt(path.join(directory, currentName(name)));
}

/** Removes what killed attempts left, folders of sets but those to keep, and names that lead nowhere any more. */
export async function sweepSets(directory: string, name: string, keep: readonly (string | null)[]): Promise<void> {
  for (const entry of await entriesOf(directory)) {
    const old = isSetOf(name, entry) && !keep.includes(entry);
    if (old || isLeftOver(name, entry) || (await leadsNowhere(directory, name, entry))) {
      await rm(path.join(directory, entry), { recursive: true, force: true });
    }
  }
}

/** Removes the cookies that killed attempts left half written. */
export async function sweepCookies(cookies: string, name: string): Promise<void> {
  for (const entry of await entriesOf(cookies)) if (isLeftOver(name, entry)) await rm(path.join(cookies, entry), { force: true });
}

async function entriesOf(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function leadsNowhere(directory: string, name: string, entry: string): Promise<boolean> {
  if (!entry.startsWith(`${name}_`) || entry === currentName(name)) return false;
  const target = await linkAt(path.join(directory, entry));
  if (target !== path.join(currentName(name), entry)) return false;
  return (await lstat(path.join(directory, target)).catch(() => null)) === null;
}

async function ensureLink(directory: string, file: string, target: string): Promise<void> {
  const place = path.join(directory, file);
  const found = await linkAt(place);
  if (found === target) return;
  if (found === null && (await lstat(place).catch(() => null)) !== null) {
    throw new TidemarkError('EXPORT_FAILED', `The directory has a file "${file}" that Tidemark did not write.`, {
      hint: 'Move it away, or export to another directory.',
    });
  }
  await pointTo(directory, file, target);
}

async function pointTo(directory: string, entry: string, target: string): Promise<void> {
  const place = path.join(directory, entry);
  const temporary = partialOf(place);
  await symlink(target, temporary);
  await rename(temporary, place);
}

async function linkAt(place: string): Promise<string | null> {
  try {
    return await readlink(place);
  } catch (error) {
    // EINVAL: it is no link.
    if (isMissing(error) || codeOf(error) === 'EINVAL') return null;
    throw error;
  }
}

const isMissing = (error: unknown): boolean => codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';
