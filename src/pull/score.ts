// How a connection scores what records say of flaws: by its settings. Pure.
import type { JsonObject } from '../model.ts';
import type { Score } from './evidence.ts';

export function scoreBy(_settings: Readonly<Record<string, unknown>>): Score {
  return (finding: JsonObject) => ({ severity: finding['sourceSeverity'] === 'High' ? 4 : 3, qds: 50 });
}
