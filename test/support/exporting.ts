// What consumers of an export see on disk, and what a set should hold, worked out from the tenant itself.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import { cellOf } from '../../src/exports/cell.ts';
import { type Manifest, readManifest } from '../../src/exports/manifest.ts';
import type { ExportPlan } from '../../src/exports/plan.ts';
import { hashOf } from '../../src/mappings/canonical.ts';
import type { Simulator } from '../../simulator/simulator.ts';
import type { TruthName } from '../../simulator/truth.ts';

/** By file without its name's prefix, the lines that consumers read, the header first. */
type Files = Readonly<Record<string, readonly (readonly string[])[]>>;

export interface Seen {
  readonly manifest: Manifest;
  readonly files: Files;
}

/** What opens under the names of the set; null when nothing does. Fails unless it is what its manifest says, all of it and nothing else. */
export function seenBy(directory: string, name: string, delimiter = ','): Seen | null {
  const texts = new Map<string, string>();
  for (const entry of entriesOf(directory)) {
    if (!entry.startsWith(`${name}_`) || (!entry.endsWith('.csv') && !entry.endsWith('.json'))) continue;
    try {
      texts.set(entry, readFileSync(path.join(directory, entry), 'utf8'));
    } catch (error) {
      // A name of another set: to who opens it, it is not there.
      expect(error).toMatchObject({ code: 'ENOENT' });
    }
  }
  if (texts.size === 0) return null;
  const manifest = readManifest(texts.get(`${name}_manifest.json`) ?? null);
  if (manifest === null) throw new Error('There are files and no manifest.');
  texts.delete(`${name}_manifest.json`);
  expect(Object.fromEntries([...texts].map(([file, text]) => [file, hashOf(text)]))).toEqual(
    Object.fromEntries(manifest.files.map(({ file, sha256 }) => [file, sha256])),
  );
  const files = [...texts].map(([file, text]) => [file.slice(name.length + 1), parse(text, { delimiter, bom: true })] as const);
  return { manifest, files: Object.fromEntries(files) };
}

/** The cookies by entity. */
export function cookiesIn(directory: string, name: string): Record<string, string> {
  const found = entriesOf(directory).flatMap((entry) => {
    const entity = new RegExp(`^${name}_cookie_(.+)\\.bin$`).exec(entry)?.[1];
    return entity === undefined ? [] : [[entity, readFileSync(path.join(directory, entry), 'utf8')]];
  });
  return Object.fromEntries(found) as Record<string, string>;
}

const entriesOf = (directory: string): string[] => {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
};

const objectsOf: Readonly<Record<string, TruthName>> = {
  user: 'users',
  group: 'groups',
  directoryRole: 'directoryRoles',
  servicePrincipal: 'servicePrincipals',
};
const edgesOf: Readonly<Record<string, TruthName>> = { group: 'edges', directoryRole: 'roleEdges', servicePrincipal: 'principalEdges' };

/** A complete set of the tenant as it is now: by file, rows without their command by key. */
export type Expected = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;

export function expectedOf(simulator: Simulator, { entities, attributes }: ExportPlan): Expected {
  const files = new Map<string, Map<string, readonly string[]>>();
  const add = (file: string, key: string, row: readonly string[]): void => {
    const rows = files.get(file) ?? new Map<string, readonly string[]>();
    files.set(file, rows.set(key, row));
  };
  const types = new Map(entities.map(({ type, entity }) => [type, entity]));
  const living = new Set<unknown>();
  for (const { entity, type, has } of entities) {
    for (const object of simulator.truth(objectsOf[entity] ?? 'users', [...has])) {
      living.add(object['id']);
      add('directoryobjects.csv', cellOf(object['id']), [type, ...attributes.map((name) => cellOf(object[name]))]);
    }
  }
  for (const { entity } of entities) {
    const edges = edgesOf[entity];
    if (edges === undefined) continue;
    for (const { kind, from, to, type } of simulator.truth(edges)) {
      if (types.has(String(type)) && !living.has(to)) continue;
      add(`${String(kind)}s_${entity}.csv`, `${String(from)} ${String(to)}`, [String(from), String(to)]);
    }
  }
  return files;
}

/** Fails unless the set has these rows, each an insertion. */
export function expectComplete({ manifest, files }: Seen, expected: Expected): void {
  expect(manifest).toMatchObject({ set: 'complete', since: null });
  expectRows(files, new Map([...expected].map(([file, rows]) => [file, [...rows.values()].map((row) => ['insert', ...row])])));
}

/**
 * Fails unless the set is the difference of these two. A removed object is known by its type and id. Over several runs an object may have changed and
 * changed back: its update says what it is, and is left out here.
 */
export function expectDifference(
  seen: Seen,
  before: Expected,
  after: Expected,
  { idAt, runs = 1 }: { readonly idAt: number; readonly runs?: number },
): void {
  const { manifest } = seen;
  const files = Object.fromEntries(
    Object.entries(seen.files).map(([file, rows]) => [file, rows.filter((row) => !isBackAgain(file, row))]),
  ) as Files;
  function isBackAgain(file: string, [command, ...row]: readonly string[]): boolean {
    const key = row[idAt] ?? '';
    return (
      runs > 1 &&
      command === 'update' &&
      before.get(file)?.get(key)?.join('\0') === row.join('\0') &&
      after.get(file)?.get(key)?.join('\0') === row.join('\0')
    );
  }

  expect(manifest).toMatchObject({ set: 'incremental', reason: 'changes' });
  const rows = new Map<string, (readonly string[])[]>();
  for (const file of new Set([...before.keys(), ...after.keys()])) {
    const [old, now] = [before.get(file) ?? new Map<string, string[]>(), after.get(file) ?? new Map<string, string[]>()];
    const of: (readonly string[])[] = [];
    for (const [key, row] of now) {
      const known = old.get(key);
      if (known === undefined) of.push(['insert', ...row]);
      else if (known.join('\0') !== row.join('\0')) of.push(['update', ...row]);
    }
    for (const [key, row] of old) {
      if (now.has(key)) continue;
      of.push(['delete', ...(file === 'directoryobjects.csv' ? row.map((cell, at) => (at === 0 || at === idAt ? cell : '')) : row)]);
    }
    rows.set(file, of);
  }
  expectRows(files, rows);
}

function expectRows(files: Files, expected: ReadonlyMap<string, readonly (readonly string[])[]>): void {
  for (const [file, rows] of expected) {
    const found = (files[file] ?? []).slice(1);
    expect({ file, rows: textsOf(found) }).toEqual({ file, rows: textsOf(rows) });
  }
  const others = Object.keys(files).filter((file) => !expected.has(file) && !file.startsWith('spreadsheet_'));
  for (const file of others) expect({ file, rows: files[file]?.slice(1) }).toEqual({ file, rows: [] });
}

const textsOf = (rows: readonly (readonly string[])[]): string[] => rows.map((row) => row.join('\u241f')).sort();
