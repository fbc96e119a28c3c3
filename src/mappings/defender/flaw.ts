// One flaw as both shapes tell it: its identifier, its score, and what is known of exploits.
import type { Json, JsonObject } from '../../model.ts';
import { isObject } from '../read.ts';
import { at, isTrue, text } from './fields.ts';
import type { Exploit } from './finding.ts';

/** CVE identifiers in upper case; undefined for identifiers of other lists. */
export function cveOf(identifier: string): string | undefined {
  const upper = identifier.toUpperCase();
  return /^CVE-\d{4}-\d{4,19}$/.test(upper) ? upper : undefined;
}

// The newest that is there; `3.0` may hold a 3.1 vector, and there is no `3.1` in most rows.
const versions = ['4.0', '3.1', '3.0', '2.0'];

/** The base score of the newest version that has one, from 0 to 10. */
export function baseScore(cvss: Json | undefined): number | null {
  for (const version of versions) {
    const score = scoreOf(at(cvss, version, 'base'));
    if (score !== null) return score;
  }
  return null;
}

export function scoreOf(value: Json | undefined): number | null {
  const score = Number(text(value) ?? 'none');
  return score >= 0 && score <= 10 ? score : null;
}

/** Both shapes' words for the same three facts; null where nothing is said. */
export function exploitOf(said: Json | undefined): Exploit | null {
  if (!isObject(said)) return null;
  const any = (...names: readonly string[]): boolean => names.some((name) => isTrue(at(said, name)));
  return {
    exploitKit: any('isInExploitKit'),
    published: any('exploitStepsPublished', 'isPubliclyDisclosed'),
    verified: any('exploitStepsVerified', 'isVerified'),
  };
}

export function exploitDetails(exploit: Exploit | null): JsonObject | undefined {
  if (exploit === null) return undefined;
  return { isInExploitKit: exploit.exploitKit, exploitStepsPublished: exploit.published, exploitStepsVerified: exploit.verified };
}

/** Identifiers of weaknesses, however they are nested or written, each once. */
export function weaknesses(said: Json | undefined): JsonObject | undefined {
  if (said === undefined) return undefined;
  const ids = [...JSON.stringify(said).matchAll(/CWE-\d{1,6}/gi)].map(([id]) => id.toUpperCase());
  return { cwe: [...new Set(ids)].map((id) => ({ id })) };
}

/** Links, or objects with a link, as objects with a link. */
export function references(said: Json | undefined): JsonObject[] {
  return (Array.isArray(said) ? said : []).flatMap((one) => {
    const link = text(one) ?? text(at(one, 'link')) ?? text(at(one, 'url'));
    return link === undefined ? [] : [{ title: text(at(one, 'title')) ?? link, link }];
  });
}
