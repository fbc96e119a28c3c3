// YAML or JSON text to plain values, with the place of every path. Bounded in size, documents, depth and aliases.
// The parser's own messages may quote the text, so they MUST NOT be used: it may hold a secret that stands where it should not.
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseAllDocuments, visit } from 'yaml';
import type { Document, Node, YAMLMap } from 'yaml';

const maxSizeBytes = 1_048_576;
const maxDocuments = 200;
const maxAliases = 10;
const maxDepth = 50;
// One slip makes many errors behind it.
const maxSyntaxErrors = 3;

type Path = readonly (string | number)[];

interface Place {
  readonly line: number;
  readonly column: number;
}

interface YamlFault extends Place {
  readonly reason: string;
}

export interface YamlDocument {
  readonly value: unknown;
  /** Where the path is: its value, or its key; the nearest object around it when the text does not have it. */
  readonly placeOf: (path: Path, onKey: boolean) => Place;
}

/** The documents that can be read, and why the others cannot. Never throws for what the text holds. */
export function readYaml(text: string): { readonly documents: readonly YamlDocument[]; readonly faults: readonly YamlFault[] } {
  const whole = (reason: string): { documents: []; faults: YamlFault[] } => ({ documents: [], faults: [{ line: 1, column: 1, reason }] });
  if (Buffer.byteLength(text) > maxSizeBytes) return whole('is larger than 1 MB');
  const lines = new LineCounter();
  let parsed: Document.Parsed[];
  try {
    // uniqueKeys compares each key with each other, which is minutes for an object of many: see `repeatedKey`.
    const options = { prettyErrors: false, stringKeys: true, version: '1.2', uniqueKeys: false } as const;
    const found = parseAllDocuments(text, { lineCounter: lines, ...options });
    parsed = 'empty' in found ? [] : found;
  } catch (error) {
    // The parser is recursive: brackets nested by the thousand end in a RangeError.
    if (error instanceof RangeError) return whole('is nested too deeply');
    throw error;
  }
  if (parsed.length > maxDocuments) return whole(`has more than ${maxDocuments} documents`);
  if (parsed.length === 0) return whole('holds nothing');
  const documents: YamlDocument[] = [];
  const faults: YamlFault[] = [];
  for (const document of parsed) {
    const unreadable = faultsOf(document, lines);
    faults.push(...unreadable);
    if (unreadable.length > 0) continue;
    documents.push({
      value: document.toJS({ maxAliasCount: maxAliases }),
      placeOf: (path, onKey) => placeOf(document, lines, path, onKey),
    });
  }
  return { documents, faults };
}

/** What makes a document unreadable: syntax, aliases, depth. The parser's own words may quote the file, so they are not used. */
function faultsOf(document: Document.Parsed, lines: LineCounter): YamlFault[] {
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
    else if (isMap(node)) {
      const repeated = repeatedKey(node);
      if (repeated !== null) found = { node: repeated, reason: 'is a key that stands here twice' };
    }
    return found === null ? undefined : visit.BREAK;
  });
  return found;
}

function repeatedKey({ items }: YAMLMap): Node | null {
  const known = new Set<string | null>();
  for (const { key } of items) {
    if (!isNode(key)) continue;
    const text = keyText(key);
    if (known.has(text)) return key;
    known.add(text);
  }
  return null;
}

function syntaxReason(code: string): string {
  if (code === 'BAD_ALIAS') return 'is an alias (*) of nothing; a value that begins with * needs quotes';
  if (code === 'RESOURCE_EXHAUSTION') return 'is nested too deeply';
  if (code === 'TAB_AS_INDENT') return 'is indented by a tab; YAML wants blanks';
  return `is not valid YAML (${code.toLowerCase().replaceAll('_', ' ')})`;
}

/** The line of a path: of its key, of its value, or of the nearest object that the file has. */
function placeOf(document: Document.Parsed, lines: LineCounter, path: Path, onKey: boolean): { line: number; column: number } {
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
