// Configuration files, YAML or JSON: from text to complete connections and tags, or every problem with its line. Reads no files and no environment.
// MUST NOT repeat a value in a problem: it may be a secret that stands where it should not.
import { completeSpec, notesOf } from './complete.ts';
import { connectionInput } from './input.ts';
import { faultsOfIssues } from './issue.ts';
import type { Fault } from './issue.ts';
import type { ConnectionSpec } from './spec.ts';
import { tagInput, type TagInput } from './tag.ts';
import { readYaml } from './yamlText.ts';

const laterKinds = new Set(['identification-rules', 'map']);

export interface SourceFile {
  /** How problems name it. */
  readonly file: string;
  readonly text: string;
}

export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** `profiles.0.schedule.every`; empty for the whole document. */
  readonly path: string;
  readonly reason: string;
}

export interface FoundConnection {
  readonly file: string;
  readonly line: number;
  readonly spec: ConnectionSpec;
  /** What its owner should know although it is valid. */
  readonly notes: readonly string[];
}

export interface FoundTag {
  readonly file: string;
  readonly line: number;
  readonly tag: Pick<TagInput, 'name' | 'query'> & { readonly criticality: number | null };
  /** Where its query stands, for what is found wrong with it later. */
  readonly queryAt: Pick<Problem, 'line' | 'column'>;
}

interface Found {
  readonly connections: readonly FoundConnection[];
  readonly tags: readonly FoundTag[];
  readonly problems: readonly Problem[];
}

export interface FileOptions {
  readonly now: Date;
  /** The stored connection whose name equals this one without regard to case. */
  readonly previous?: (name: string) => ConnectionSpec | null;
  /** The text of `endpoints.caFile`, which is relative to the file that names it; throws when it cannot be read. */
  readonly readCa?: (file: string, caFile: string) => string;
}

/** Reads all documents of all files. When `problems` is not empty, nothing should be applied. Never throws for what a file holds. */
export function parseConnectionFiles(files: readonly SourceFile[], options: FileOptions): Found {
  const found = files.map((file) => parseFile(file, options));
  const connections = found.flatMap((each) => each.connections);
  const tags = found.flatMap((each) => each.tags);
  const problems = [
    ...found.flatMap((each) => each.problems),
    ...repeated(connections.map(({ file, line, spec }) => ({ file, line, name: spec.name }))),
    ...repeated(tags.map(({ file, line, tag }) => ({ file, line, name: tag.name }))),
  ];
  problems.sort((one, other) => (one.file === other.file ? one.line - other.line || one.column - other.column : 0));
  return { connections, tags, problems };
}

/** Names are one without regard to case. */
function repeated(named: readonly { readonly file: string; readonly line: number; readonly name: string }[]): Problem[] {
  const first = new Map<string, (typeof named)[number]>();
  return named.flatMap((one) => {
    const same = first.get(one.name.toLowerCase());
    if (same === undefined) first.set(one.name.toLowerCase(), one);
    if (same === undefined) return [];
    const reason = `"${one.name}" is defined already in ${same.file}, line ${same.line} (case does not count)`;
    return [{ file: one.file, line: one.line, column: 1, path: 'name', reason }];
  });
}

/** A problem in one line: `contoso.yaml:7:3 profiles.0.every: is not …`. */
export function problemInWords(problem: Problem): string {
  const place = `${problem.file}:${problem.line}:${problem.column}`;
  return problem.path === '' ? `${place} ${problem.reason}` : `${place} ${problem.path}: ${problem.reason}`;
}

function parseFile(source: SourceFile, options: FileOptions): Found {
  const { file, text } = source;
  const connections: FoundConnection[] = [];
  const tags: FoundTag[] = [];
  const problems: Problem[] = [];
  const { documents, faults } = readYaml(text, 'connection');
  problems.push(...faults.map((fault) => ({ file, path: '', ...fault })));
  for (const document of documents) {
    const add: Add = (path, reason, onKey = false) => {
      problems.push({ file, ...document.placeOf(path, onKey), path: path.join('.'), reason });
    };
    const { line } = document.placeOf([], false);
    if (isTag(document.value)) {
      const tag = readTag(document.value, add);
      if (tag !== null) tags.push({ file, line, tag, queryAt: document.placeOf(['query'], false) });
      continue;
    }
    const spec = read(document.value, file, options, add);
    if (spec !== null) connections.push({ file, line, spec, notes: notesOf(spec) });
  }
  return { connections, tags, problems };
}

const isTag = (value: unknown): boolean => typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'tag';

function readTag(value: unknown, add: Add): FoundTag['tag'] | null {
  const parsed = tagInput.safeParse(value, { reportInput: false });
  for (const fault of faultsOfIssues(parsed.error?.issues ?? [], [], tagKeys)) add(fault.path, fault.reason, fault.onKey);
  if (!parsed.success) return null;
  const { name, query, criticality = null } = parsed.data;
  return { name, query, criticality };
}

const tagKeys = new Map([['', Object.keys(tagInput.shape)]]);

type Add = (path: Fault['path'], reason: string, onKey?: boolean) => void;

/** One document's value as a complete connection, or null after adding what is wrong with it. */
function read(value: unknown, file: string, options: FileOptions, add: Add): ConnectionSpec | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    add([], 'is not a connection: a document has keys such as name, connector and credentials');
    return null;
  }
  if ('kind' in value && typeof value.kind === 'string' && laterKinds.has(value.kind)) {
    add(['kind'], `"${value.kind}" is not supported by this version; connection and tag are`);
    return null;
  }
  if ('Connections' in value) {
    add(['Connections'], 'an Identity Manager appsettings file is not supported by this version', true);
    return null;
  }
  const parsed = connectionInput.safeParse(value, { reportInput: false });
  if (!parsed.success) {
    for (const fault of faultsOfIssues(parsed.error.issues)) add(fault.path, fault.reason, fault.onKey);
    return null;
  }
  const input = parsed.data;
  const previous = options.previous?.(input.name) ?? null;
  if (previous !== null && previous.name !== input.name) {
    add(['name'], `differs only in case from the connection "${previous.name}", which exists already`);
    return null;
  }
  const ca = readCa(input.endpoints?.caFile, file, options, add);
  const { spec, faults } = completeSpec(input, { now: options.now, previous, ca: ca ?? null });
  for (const fault of faults) add(fault.path, fault.reason, fault.onKey);
  return ca === undefined ? null : spec;
}

/** The authority's PEM, null when the file names none; undefined after adding why it cannot be had. */
function readCa(caFile: string | undefined, file: string, options: FileOptions, add: Add): string | null | undefined {
  if (caFile === undefined) return null;
  try {
    const pem = options.readCa?.(file, caFile) ?? '';
    if (pem.length <= 65_536 && pem.includes('-----BEGIN CERTIFICATE-----') && !pem.includes('PRIVATE KEY')) return pem;
    add(['endpoints', 'caFile'], 'does not hold a PEM certificate (and nothing else) of at most 64 KB');
  } catch {
    add(['endpoints', 'caFile'], 'cannot be read; it is relative to the file that names it');
  }
  return undefined;
}
