// How a connection scores what records say of flaws: by its settings, and by the lists that the worker has. Pure.
import { z } from 'zod';
import { scoring } from '../connectors/defender-for-cloud/scoring.ts';
import { hashOf } from '../mappings/canonical.ts';
import type { ScoringConfig } from '../mappings/scoring/config.ts';
import { type FindingScore, type Lists, scoreFinding } from '../mappings/scoring/finding.ts';
import type { JsonObject } from '../model.ts';
import type { Score } from './evidence.ts';

/** `hash` tells what they say from what others do: it is made once, for they are long. */
export interface KnownLists extends Lists {
  readonly hash: string;
}

export const noLists: KnownLists = { kev: null, epss: null, hash: '' };

const scorable = z.object({
  sourceSeverity: z.string().catch(''),
  cve: z
    .string()
    .nullish()
    .transform((cve) => cve?.toUpperCase() ?? null),
  cvss: z
    .number()
    .nullish()
    .transform((cvss) => cvss ?? null),
  exploit: z
    .object({ exploitKit: z.boolean(), published: z.boolean(), verified: z.boolean() })
    .nullish()
    .transform((exploit) => exploit ?? null),
});

/** The weights of a connection. */
export const scoringConfig = (settings: Readonly<Record<string, unknown>>): ScoringConfig => scoring.parse(settings['scoring'] ?? {});

/** `hash` tells this scoring from others. @throws CONFIG_INVALID never: the settings were checked when they were applied. */
export function scoringOf(
  settings: Readonly<Record<string, unknown>>,
  lists: KnownLists,
): { readonly hash: string; readonly score: Score; readonly explain: (finding: JsonObject) => FindingScore } {
  const config = scoringConfig(settings);
  const explain = (finding: JsonObject): FindingScore => scoreFinding(scorable.parse(finding), config, lists);
  return { hash: hashOf(JSON.stringify([config, lists.hash])), score: explain, explain };
}
