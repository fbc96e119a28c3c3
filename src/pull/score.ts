// How a connection scores what records say of flaws: by its settings (decision 56). Pure.
import { scoringOf } from '../connectors/defender-for-cloud/scoring.ts';
import { type Lists, scorableOf, scoreFinding } from '../mappings/scoring/finding.ts';
import type { Score } from './evidence.ts';

const noLists: Lists = { kev: null, epss: null };

export function scoreBy(settings: Readonly<Record<string, unknown>>, lists = noLists): Score {
  const config = scoringOf(settings);
  return (finding) => scoreFinding(scorableOf(finding), config, lists);
}
