// Identification rules as files give them (decision 57): the installation's, `kind: identification-rules`, and what a connection switches off for itself.
import { z } from 'zod';
import { type RuleOrder, type Rule, rules } from '../mappings/identity/rules.ts';
import type { ConnectionSpec } from './spec.ts';

const off = z
  .array(z.enum(rules, `must be one of ${rules.join(', ')}; the source's own key cannot be switched off`))
  .refine((some) => new Set(some).size < rules.length, 'must leave a rule on')
  .default([]);

/** Which of the installation's rules are off for this connection. */
export const identificationRules = z.strictObject({ off });

export const rulesInput = z.strictObject({
  kind: z.literal('identification-rules'),
  order: z
    .array(z.enum(rules, `must be one of ${rules.join(', ')}`))
    .refine((order) => new Set(order).size === order.length, 'names a rule twice')
    .refine((order) => rules.every((rule) => order.includes(rule)), `must name each rule once: ${rules.join(', ')}`),
  off,
});

/** What `apply` stored. A rule that this release has and that one had not comes last; one that this release does not have is left out. */
export function readRuleOrder(stored: unknown): RuleOrder {
  const names = z.array(z.string()).catch([]);
  const { order, off: switchedOff } = z.object({ order: names, off: names }).parse(stored);
  const known = (some: readonly string[]): Rule[] => some.flatMap((name) => rules.filter((rule) => rule === name));
  return { order: [...new Set([...known(order), ...rules])], off: known(switchedOff) };
}

/** Those that a connection switches off. */
export const rulesOffFor = ({ settings }: Pick<ConnectionSpec, 'settings'>): Rule[] =>
  identificationRules.catch({ off: [] }).parse(settings['identificationRules'] ?? {}).off;
