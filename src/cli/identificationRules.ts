// The identification rules in force: the installation's order, and what connections switch off for themselves (decision 57).
import type { FoundConnection, FoundRules, Problem } from '../connectors/connectionFile.ts';
import { readRuleOrder, rulesOffFor } from '../connectors/identificationRules.ts';
import { type ConnectionSpec, readSpec } from '../connectors/spec.ts';
import { defaultOrder, type Rule, type RuleOrder, rulesOn } from '../mappings/identity/rules.ts';
import type { Connection } from '../store/connection.ts';
import type { Database } from '../store/database.ts';
import { putIdentificationRules, type StoredRules } from '../store/identificationRules.ts';
import type { Applied } from './applied.ts';

/** As applied, or this release's. */
export const ruleOrder = (stored: StoredRules | null): RuleOrder => (stored === null ? defaultOrder : readRuleOrder(stored.definition));

/** The rules that connections have switched off for their own assets. */
export const rulesOff = (connections: readonly Connection[]): { readonly connection: string; readonly rule: Rule }[] =>
  connections.flatMap(({ name, spec }) => rulesOffFor(readSpec(spec)).map((rule) => ({ connection: name, rule })));

/** That together the installation and a connection leave no rule on: told of the one that the files have. */
export function rulesProblems(
  found: readonly FoundRules[],
  connections: readonly FoundConnection[],
  stored: { readonly connections: readonly Connection[]; readonly rules: StoredRules | null },
): Problem[] {
  const [given] = found;
  const order = given?.rules ?? ruleOrder(stored.rules);
  const leavesNone = (spec: ConnectionSpec): boolean => {
    const off = rulesOffFor(spec);
    return rulesOn(order).every((rule) => off.includes(rule));
  };
  const inFiles = connections
    .filter(({ spec }) => leavesNone(spec))
    .map(({ file, line }): Problem => {
      const reason = `leaves no rule on: those that it does not name are off for the installation (${order.off.join(', ')})`;
      return { file, line, column: 1, path: 'settings.identificationRules.off', reason };
    });
  if (given === undefined) return inFiles;
  const others = stored.connections.filter(({ name, spec }) => {
    const isInFiles = connections.some((connection) => connection.spec.name === name);
    return !isInFiles && leavesNone(readSpec(spec));
  });
  return [
    ...inFiles,
    ...others.map(({ name }): Problem => {
      const reason = `leaves no rule on for the connection "${name}", which has the others off: change its settings.identificationRules first, or in the same files`;
      return { file: given.file, line: given.line, column: 1, path: 'off', reason };
    }),
  ];
}

/** Identities are worked out when they are read: nothing else is to be done. */
export async function applyRules(database: Database, found: readonly FoundRules[]): Promise<Applied[]> {
  const applied: Applied[] = [];
  for (const { file, rules } of found) {
    const { order, off } = rules;
    applied.push({
      name: 'identification-rules',
      change: await putIdentificationRules(database, { order: [...order], off: [...off] }),
      file,
    });
  }
  return applied;
}
