// `CvesDetails`: the CVEs of a package, as a list or as JSON text of one. The part of a row that is most often broken.
import type { Json, JsonObject } from '../../model.ts';
import { isObject } from '../read.ts';
import { at, firstText, present, structure, text } from './fields.ts';
import { cveOf, exploitDetails, exploitOf, references, weaknesses } from './flaw.ts';

/** The most CVEs that are read of one row; those over it are named as set aside. A Linux kernel has some thousands. */
export const mostCves = 10_000;
const longestIdentifier = 64;

export interface Flaws {
  /** By identifier, each once, in order of it; what is over the bound is always the same. */
  readonly flaws: ReadonlyMap<string, JsonObject>;
  /** What could not be read: the place, never a value. */
  readonly reason?: string;
}

const place = 'properties.additionalData.CvesDetails';

/** Absent on rows that are healthy or do not apply: then there are none. */
export function flawsOf(additional: Json | undefined): Flaws {
  const said = at(additional, 'CvesDetails');
  if (said === undefined || (text(said) === undefined && typeof said === 'string')) return { flaws: identifiersOf(additional) };
  const parsed = structure(said);
  if (parsed === undefined) return { flaws: new Map(), reason: `${place} is no valid JSON` };
  const entries = Array.isArray(parsed) ? parsed : [parsed];
  const found = new Map<string, JsonObject>();
  let reason: string | undefined;
  entries.forEach((entry, index) => {
    const identifier = identifierOf(at(entry, 'CveId'));
    if (identifier === undefined || !isObject(entry)) reason ??= `${place}[${index}].CveId is missing`;
    else if (!found.has(identifier)) found.set(identifier, entry);
  });
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  if (sorted.length > mostCves) reason = `${place} has ${sorted.length} CVEs; ${mostCves} are read`;
  const flaws = new Map(sorted.slice(0, mostCves));
  return reason === undefined ? { flaws } : { flaws, reason };
}

function identifierOf(said: Json | undefined): string | undefined {
  const identifier = text(said);
  if (identifier === undefined || identifier.length > longestIdentifier) return undefined;
  return cveOf(identifier) ?? identifier;
}

/** Scanners list identifiers alone where there are no details. */
function identifiersOf(additional: Json | undefined): Map<string, JsonObject> {
  const scanners = at(additional, 'ScannersDetails');
  const listed = isObject(scanners) ? Object.values(scanners).flatMap((scanner) => at(scanner, 'CvesIds') ?? []) : [];
  const identifiers = [...new Set(listed.flatMap((one) => identifierOf(one) ?? []))].sort();
  return new Map(identifiers.slice(0, mostCves).map((identifier) => [identifier, {}]));
}

/** An entry as `vulnerabilityDetails` of the older shape. */
export function vulnerabilityDetails(identifier: string, entry: JsonObject, product: JsonObject): JsonObject {
  return present({
    cveId: identifier,
    severity: at(entry, 'Severity'),
    publishedDate: at(entry, 'PublishedDate'),
    lastModifiedDate: at(entry, 'LastModifiedDate'),
    references: references(at(entry, 'References')),
    weaknesses: weaknesses(at(entry, 'Weaknesses')),
    cvss: cvssOf(at(entry, 'Cvss')),
    cpe: product,
    exploitabilityAssessment: exploitDetails(exploitOf(at(entry, 'ExploitabilityDetails'))),
  });
}

/** From `[{Key: "3", Value: {Base, CvssVectorString}}]` to `{"3.0": {base, cvssVectorString}}`. */
function cvssOf(said: Json | undefined): JsonObject | undefined {
  if (!Array.isArray(said)) return undefined;
  return Object.fromEntries(
    said.flatMap((one): [string, JsonObject][] => {
      const version = /^([234])(\.\d)?$/.exec(text(at(one, 'Key')) ?? '');
      if (version === null) return [];
      const value = at(one, 'Value');
      const score = present({ base: at(value, 'Base'), cvssVectorString: firstText(at(value, 'CvssVectorString')) });
      return [[`${version[1] ?? ''}${version[2] ?? '.0'}`, score]];
    }),
  );
}
