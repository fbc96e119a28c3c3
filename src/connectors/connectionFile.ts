// Connection files, YAML or JSON: from text to complete connections, or every problem with its line. Reads no files and no environment.
// MUST NOT repeat a value in a problem: it may be a secret that stands where it should not.
import { completeSpec, notesOf } from './complete.ts';
import { connectionInput } from './input.ts';
import { faultsOfIssues } from './issue.ts';
import type { Fault } from './issue.ts';
import type { ConnectionSpec } from './spec.ts';
import { readYaml } from './yamlText.ts';

const maxSizeBytes = 1_048_576;
const laterKinds = new Set(['tag', 'identification-rules', 'map']);

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

export interface FileOptions {
  readonly now: Date;
  /** The stored connection whose name equals this one without regard to case. */
  readonly previous?: (name: string) => ConnectionSpec | null;
  /** The text of `endpoints.caFile`, which is relative to the file that names it; throws when it cannot be read. */
  readonly readCa?: (file: string, caFile: string) => string;
}

/** Reads all documents of all files. When `problems` is not empty, nothing should be applied. Never throws for what a file holds. */
export function parseConnectionFiles(
  files: readonly SourceFile[],
  options: FileOptions,
): { readonly connections: readonly FoundConnection[]; readonly problems: readonly Problem[] } {
  const connections: FoundConnection[] = [];
  const problems: Problem[] = [];
  const names = new Map<string, FoundConnection>();
  for (const file of files) {
    const found = parseFile(file, options);
    problems.push(...found.problems);
    for (const connection of found.connections) {
      const same = names.get(connection.spec.name.toLowerCase());
      if (same !== undefined) {
        const reason = `"${connection.spec.name}" is defined already in ${same.file}, line ${same.line} (case does not count)`;
        problems.push({ file: file.file, line: connection.line, column: 1, path: 'name', reason });
      }
      names.set(connection.spec.name.toLowerCase(), connection);
      connections.push(connection);
    }
  }
  problems.sort((one, other) => (one.file === other.file ? one.line - other.line || one.column - other.column : 0));
  return { connections, problems };
}

/** A problem in one line: `contoso.yaml:7:3 profiles.0.every: is not …`. */
export function problemInWords(problem: Problem): string {
  const place = `${problem.file}:${problem.line}:${problem.column}`;
  return problem.path === '' ? `${place} ${problem.reason}` : `${place} ${problem.path}: ${problem.reason}`;
}

function parseFile(source: SourceFile, options: FileOptions): { readonly connections: FoundConnection[]; readonly problems: Problem[] } {
  const { file, text } = source;
  const connections: FoundConnection[] = [];
  const problems: Problem[] = [];
  if (Buffer.byteLength(text) > maxSizeBytes)
    return { connections, problems: [{ file, line: 1, column: 1, path: '', reason: 'is larger than 1 MB' }] };
  const { documents, faults } = readYaml(text);
  problems.push(...faults.map((fault) => ({ file, path: '', ...fault })));
  for (const document of documents) {
    const spec = read(document.value, file, options, (path, reason, onKey = false) => {
      problems.push({ file, ...document.placeOf(path, onKey), path: path.join('.'), reason });
    });
    if (spec !== null) connections.push({ file, line: document.placeOf([], false).line, spec, notes: notesOf(spec) });
  }
  return { connections, problems };
}

type Add = (path: Fault['path'], reason: string, onKey?: boolean) => void;

/** One document's value as a complete connection, or null after adding what is wrong with it. */
function read(value: unknown, file: string, options: FileOptions, add: Add): ConnectionSpec | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    add([], 'is not a connection: a document has keys such as name, connector and credentials');
    return null;
  }
  if ('kind' in value && typeof value.kind === 'string' && laterKinds.has(value.kind)) {
    add(['kind'], `"${value.kind}" is not supported by this version; only connection is`);
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
