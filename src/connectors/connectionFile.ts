// Configuration files, YAML or JSON: from text to complete connections, tags, maps and identification rules, or every problem with its line. Reads no files and no environment.
// MUST NOT repeat a value in a problem: it may be a secret that stands where it should not.
import { z } from 'zod';
import type { TransformMap } from '../mappings/map.ts';
import type { RuleOrder } from '../mappings/identity/rules.ts';
import type { JsonObject } from '../model.ts';
import { type ImportedConnection, type ImportedSecret, isAppSettings, readAppSettings } from './appSettings.ts';
import { completeSpec, notesOf } from './complete.ts';
import type { CustomMaps } from './customMap.ts';
import { rulesInput } from './identificationRules.ts';
import { connectionInput } from './input.ts';
import { faultsOfIssues } from './issue.ts';
import type { Fault } from './issue.ts';
import { readMap } from './mapFile.ts';
import type { ConnectionSpec } from './spec.ts';
import { tagInput, type TagInput } from './tag.ts';
import { readYaml, type YamlDocument } from './yamlText.ts';

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
  /** To be kept sealed, of a file that has it in plain. MUST NOT be shown or stored anywhere else. */
  readonly secret?: ImportedSecret;
}

export interface FoundTag {
  readonly file: string;
  readonly line: number;
  readonly tag: Pick<TagInput, 'name' | 'query'> & { readonly criticality: number | null };
  /** Where its query stands, for what is found wrong with it later. */
  readonly queryAt: Pick<Problem, 'line' | 'column'>;
}

export interface FoundMap {
  readonly file: string;
  readonly line: number;
  readonly map: TransformMap;
  /** As the file gives it, which is how it is kept. */
  readonly definition: JsonObject;
}

export interface FoundRules {
  readonly file: string;
  readonly line: number;
  readonly rules: RuleOrder;
}

interface Found {
  readonly connections: readonly FoundConnection[];
  readonly tags: readonly FoundTag[];
  readonly maps: readonly FoundMap[];
  /** One at most, where there are no problems. */
  readonly rules: readonly FoundRules[];
  readonly problems: readonly Problem[];
}

export interface FileOptions {
  readonly now: Date;
  /** The stored connection whose name equals this one without regard to case. */
  readonly previous?: (name: string) => ConnectionSpec | null;
  /** The stored maps; those of the files stand before them. Absent while no server was asked: then maps are not looked for. */
  readonly maps?: CustomMaps;
  /** The text of `endpoints.caFile`, which is relative to the file that names it; throws when it cannot be read. */
  readonly readCa?: (file: string, caFile: string) => string;
}

/** One document of a file, with a place for what is wrong with it. */
interface FileDocument extends YamlDocument {
  readonly file: string;
  readonly line: number;
  readonly kind: unknown;
  /** Of a file of Identity Manager. */
  readonly imported?: ImportedConnection;
}

type Problems = Problem[];

/** Reads all documents of all files. When `problems` is not empty, nothing should be applied. Never throws for what a file holds. */
export function parseConnectionFiles(files: readonly SourceFile[], options: FileOptions): Found {
  const problems: Problems = [];
  const documents = files.flatMap((source) => documentsOf(source, problems)).flatMap((document) => importedOf(document, problems));
  const ofKind = (kind: string): FileDocument[] => documents.filter((document) => document.kind === kind);
  const maps = ofKind('map').flatMap((document) => readMapOf(document, problems) ?? []);
  const tags = ofKind('tag').flatMap((document) => readTag(document, problems) ?? []);
  const rules = ofKind('identification-rules').flatMap((document) => readRules(document, problems) ?? []);
  const known = { ...options.maps, ...Object.fromEntries(maps.map(({ map, definition }) => [map.name, definition])) };
  const connections = documents
    .filter(({ kind }) => kind !== 'map' && kind !== 'tag' && kind !== 'identification-rules')
    .flatMap(
      (document) => readConnection(document, { ...options, ...(options.maps === undefined ? {} : { maps: known }) }, problems) ?? [],
    );
  problems.push(
    ...repeated(connections.map(({ file, line, spec }) => ({ file, line, name: spec.name }))),
    ...repeated(tags.map(({ file, line, tag }) => ({ file, line, name: tag.name }))),
    ...repeated(maps.map(({ file, line, map }) => ({ file, line, name: map.name }))),
    ...rules.slice(1).map(({ file, line }): Problem => {
      const reason = `stands already in ${rules[0]?.file}, line ${rules[0]?.line}: an installation has one list of identification rules`;
      return { file, line, column: 1, path: 'kind', reason };
    }),
  );
  const place = new Map(files.map(({ file }, index) => [file, index]));
  problems.sort(
    (one, other) => (place.get(one.file) ?? 0) - (place.get(other.file) ?? 0) || one.line - other.line || one.column - other.column,
  );
  return { connections, tags, maps, rules, problems };
}

/** Identity Manager's settings, encrypted: how is not published (decision 47). */
const encryptedSettings = 'appsettings.encrypted.agent.json';

function documentsOf({ file, text }: SourceFile, problems: Problems): FileDocument[] {
  if (file.split(/[\\/]/).at(-1)?.toLowerCase() === encryptedSettings) {
    const reason = `${encryptedSettings} has no published format and cannot be read: encrypt its values with "tidemark secret encrypt FILE --certificate CERT -f PLAIN" and name them as jwe:FILE#/path`;
    problems.push({ file, line: 1, column: 1, path: '', reason });
    return [];
  }
  const { documents, faults } = readYaml(text);
  problems.push(...faults.map((fault) => ({ file, path: '', ...fault })));
  return documents.map(({ value, placeOf }) => {
    const kind = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined;
    return { file, line: placeOf([], false).line, kind, value, placeOf };
  });
}

/** The document itself, or the connections of Identity Manager's appsettings, each as a document of its own. */
function importedOf(document: FileDocument, problems: Problems): FileDocument[] {
  const { value, placeOf } = document;
  if (typeof value !== 'object' || value === null || !isAppSettings(value)) return [document];
  const tell = telling(document, problems);
  const { connections, faults } = readAppSettings(value);
  faults.forEach(tell);
  return connections.map((imported) => {
    const { line } = placeOf(imported.placeOf([]), true);
    return { ...document, line, kind: undefined, value: imported.value, imported };
  });
}

/** How what is wrong with a document is told: where its file says it. */
function telling({ file, placeOf, imported }: FileDocument, problems: Problems): (fault: Fault) => void {
  return ({ path, reason, onKey = false }) => {
    const place = imported === undefined ? path : imported.placeOf(path);
    problems.push({ file, ...placeOf(place, onKey), path: place.join('.'), reason });
  };
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

function readMapOf(document: FileDocument, problems: Problems): FoundMap | null {
  const read = readMap(document.value);
  if (!('map' in read)) {
    read.faults.forEach(telling(document, problems));
    return null;
  }
  const { file, line, value } = document;
  return { file, line, map: read.map, definition: z.record(z.string(), z.json()).parse(value) };
}

function readTag(document: FileDocument, problems: Problems): FoundTag | null {
  const { file, line, value, placeOf } = document;
  const parsed = tagInput.safeParse(value, { reportInput: false });
  faultsOfIssues(parsed.error?.issues ?? [], [], tagKeys).forEach(telling(document, problems));
  if (!parsed.success) return null;
  const { name, query, criticality = null } = parsed.data;
  return { file, line, tag: { name, query, criticality }, queryAt: placeOf(['query'], false) };
}

function readRules(document: FileDocument, problems: Problems): FoundRules | null {
  const { file, line, value } = document;
  const parsed = rulesInput.safeParse(value, { reportInput: false });
  faultsOfIssues(parsed.error?.issues ?? [], [], rulesKeys).forEach(telling(document, problems));
  if (!parsed.success) return null;
  const { order, off } = parsed.data;
  return { file, line, rules: { order, off } };
}

const rulesKeys = new Map([['', Object.keys(rulesInput.shape)]]);

const tagKeys = new Map([['', Object.keys(tagInput.shape)]]);

/** A document as a complete connection, or null after telling what is wrong with it. */
function readConnection(document: FileDocument, options: FileOptions, problems: Problems): FoundConnection | null {
  const { file, line, value, imported } = document;
  const tell = telling(document, problems);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    tell({ path: [], reason: 'is not a connection: a document has keys such as name, connector and credentials' });
    return null;
  }
  const parsed = connectionInput.safeParse(value, { reportInput: false });
  if (!parsed.success) {
    faultsOfIssues(parsed.error.issues).forEach(tell);
    return null;
  }
  const input = parsed.data;
  const previous = options.previous?.(input.name) ?? null;
  if (previous !== null && previous.name !== input.name) {
    tell({ path: ['name'], reason: `differs only in case from the connection "${previous.name}", which exists already` });
    return null;
  }
  const ca = readCa(input.endpoints?.caFile, file, options, tell);
  const { spec, faults } = completeSpec(input, { now: options.now, previous, maps: options.maps ?? null, ca: ca ?? null });
  faults.forEach(tell);
  if (ca === undefined || spec === null) return null;
  const notes = [...notesOf(spec), ...(imported?.notes ?? [])];
  return { file, line, spec, notes, ...(imported === undefined ? {} : { secret: imported.secret }) };
}

/** The authority's PEM, null when the file names none; undefined after adding why it cannot be had. */
function readCa(caFile: string | undefined, file: string, options: FileOptions, tell: (fault: Fault) => void): string | null | undefined {
  if (caFile === undefined) return null;
  try {
    const pem = options.readCa?.(file, caFile) ?? '';
    if (pem.length <= 65_536 && pem.includes('-----BEGIN CERTIFICATE-----') && !pem.includes('PRIVATE KEY')) return pem;
    tell({ path: ['endpoints', 'caFile'], reason: 'does not hold a PEM certificate (and nothing else) of at most 64 KB' });
  } catch {
    tell({ path: ['endpoints', 'caFile'], reason: 'cannot be read; it is relative to the file that names it' });
  }
  return undefined;
}
