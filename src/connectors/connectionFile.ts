// Connection files, YAML or JSON: from text to complete connections, or every problem with its line. Reads no files and no environment.
// MUST NOT repeat a value in a problem: it may be a secret that stands where it should not.
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseAllDocuments, visit } from 'yaml';
import type { Document, Node } from 'yaml';
import { completeSpec, notesOf } from './complete.ts';
import { connectionInput } from './input.ts';
import { faultsOfIssues } from './issue.ts';
import type { Fault } from './issue.ts';
import type { ConnectionSpec } from './spec.ts';

const maxSizeBytes = 1_048_576;
const maxDocuments = 200;
const maxAliases = 10;
const maxDepth = 50;
// One slip makes many errors behind it.
const maxSyntaxErrors = 3;
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
  const connections: FoundConnection[] = [];
  const problems: Problem[] = [];
  const whole = (reason: string): Problem => ({ file: source.file, line: 1, column: 1, path: '', reason });
  if (Buffer.byteLength(source.text) > maxSizeBytes) return { connections, problems: [whole('is larger than 1 MB')] };
  const lines = new LineCounter();
  let documents: Document.Parsed[];
  try {
    const parsed = parseAllDocuments(source.text, { lineCounter: lines, prettyErrors: false, stringKeys: true, version: '1.2' });
    documents = 'empty' in parsed ? [] : parsed;
  } catch (error) {
    // The parser is recursive: brackets nested by the thousand end in a RangeError.
    if (error instanceof RangeError) return { connections, problems: [whole('is nested too deeply')] };
    throw error;
  }
  if (documents.length > maxDocuments) return { connections, problems: [whole(`has more than ${maxDocuments} documents`)] };
  if (documents.length === 0) problems.push(whole('holds no connection'));
  for (const document of documents) {
    const place = (path: Fault['path'], onKey: boolean): { line: number; column: number } => placeOf(document, lines, path, onKey);
    const add = (path: Fault['path'], reason: string, onKey = false): void => {
      problems.push({ file: source.file, ...place(path, onKey), path: path.join('.'), reason });
    };
    const unreadable = faultsOf(document, lines);
    if (unreadable.length > 0) {
      for (const fault of unreadable) problems.push({ file: source.file, path: '', ...fault });
      continue;
    }
    const spec = read(document.toJS({ maxAliasCount: maxAliases }), source.file, options, add);
    if (spec !== null) connections.push({ file: source.file, line: place([], false).line, spec, notes: notesOf(spec) });
  }
  return { connections, problems };
}

interface Unreadable {
  readonly line: number;
  readonly column: number;
  readonly reason: string;
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

/** What makes a document unreadable: syntax, aliases, depth. The parser's own words may quote the file, so they are not used. */
function faultsOf(document: Document.Parsed, lines: LineCounter): Unreadable[] {
  const { errors } = document;
  const exhausted = errors.find((error) => error.code === 'RESOURCE_EXHAUSTION');
  if (exhausted !== undefined) return [{ ...positionOf(lines, exhausted.pos[0]), reason: syntaxReason(exhausted.code) }];
  const unfit = unfitNode(document);
  if (unfit !== null) return [{ ...positionOf(lines, unfit.node.range?.[0] ?? 0), reason: unfit.reason }];
  return errors.slice(0, maxSyntaxErrors).map((error) => ({ ...positionOf(lines, error.pos[0]), reason: syntaxReason(error.code) }));
}

/** The first node that is valid YAML and yet not taken. An unquoted cron expression may begin with an asterisk: that is an alias to YAML. */
function unfitNode(document: Document.Parsed): { readonly node: Node; readonly reason: string } | null {
  let found: { readonly node: Node; readonly reason: string } | null = null;
  let aliases = 0;
  visit(document, (_key, node, path) => {
    if (!isNode(node)) return undefined;
    if (isAlias(node)) aliases += 1;
    if (isScalar(node) && node.value === '__proto__') found = { node, reason: '__proto__ is not a key' };
    else if (path.length > maxDepth * 2) found = { node, reason: 'is nested too deeply' };
    else if (aliases > maxAliases) found = { node, reason: `has more than ${maxAliases} aliases` };
    else if (isAlias(node) && node.resolve(document) === undefined) found = { node, reason: syntaxReason('BAD_ALIAS') };
    return found === null ? undefined : visit.BREAK;
  });
  return found;
}

function syntaxReason(code: string): string {
  if (code === 'DUPLICATE_KEY') return 'is a key that stands here twice';
  if (code === 'BAD_ALIAS') return 'is an alias (*) of nothing; a value that begins with * needs quotes';
  if (code === 'RESOURCE_EXHAUSTION') return 'is nested too deeply';
  if (code === 'TAB_AS_INDENT') return 'is indented by a tab; YAML wants blanks';
  return `is not valid YAML (${code.toLowerCase().replaceAll('_', ' ')})`;
}

/** The line of a path: of its key, of its value, or of the nearest object that the file has. */
function placeOf(document: Document.Parsed, lines: LineCounter, path: Fault['path'], onKey: boolean): { line: number; column: number } {
  let node: unknown = document.contents;
  let at = isNode(node) ? node : null;
  path.forEach((step, depth) => {
    const pair = isMap(node) ? node.items.find((item) => isNode(item.key) && keyText(item.key) === step) : undefined;
    const next: unknown = pair === undefined ? (isSeq(node) && typeof step === 'number' ? node.items[step] : undefined) : pair.value;
    const key = pair !== undefined && isNode(pair.key) ? pair.key : null;
    node = next;
    if (isNode(next) && !(onKey && depth === path.length - 1)) at = next;
    else if (key !== null) at = key;
  });
  return positionOf(lines, at?.range?.[0] ?? 0);
}

function keyText(key: Node): string | null {
  const value: unknown = 'value' in key ? key.value : null;
  return typeof value === 'string' ? value : null;
}

function positionOf(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}
