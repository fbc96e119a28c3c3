// tidemark identification-rules: by which rules assets of different connections are one, in their order, and for whom each is off (decision 57).
import type { Rule } from '../../mappings/identity/rules.ts';
import { listConnections } from '../../store/connection.ts';
import { readIdentificationRules } from '../../store/identificationRules.ts';
import type { Context } from '../context.ts';
import { ruleOrder, rulesOff } from '../identificationRules.ts';
import type { Column } from '../output.ts';

interface View {
  readonly rule: Rule;
  readonly on: boolean;
  /** Connections that have it off for their own assets. */
  readonly offFor: readonly string[];
}

const columns: readonly Column<View>[] = [
  { title: 'rule', value: ({ rule }) => rule },
  { title: 'on', value: ({ on }) => on },
  { title: 'off for', value: ({ offFor }) => offFor.join(', ') },
];

export async function identificationRules(context: Context): Promise<void> {
  const database = await context.database();
  const stored = await readIdentificationRules(database);
  const { order, off } = ruleOrder(stored);
  const switched = rulesOff(await listConnections(database));
  const views = order.map((rule): View => ({
    rule,
    on: !off.includes(rule),
    offFor: switched.filter((one) => one.rule === rule).map(({ connection }) => connection),
  }));
  if (stored === null)
    context.output.note('None have been applied: this is the default. "tidemark apply -f FILE" takes kind: identification-rules.');
  await context.output.rows(views, { columns });
}
