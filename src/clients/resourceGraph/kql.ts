// The text of a query. Everything but ids is written by developers; ids come from the source and MUST NOT be able to end their literal.
// https://learn.microsoft.com/azure/governance/resource-graph/concepts/query-language
import { TidemarkError } from '../../errors.ts';

interface Query {
  readonly table: string;
  readonly where: readonly string[];
  readonly project: readonly string[];
}

/** The whole text; with `ids`, of the rows that have one of these ids in any case. Rows come in order of their id: without one, pages repeat and lose rows. */
export function textOf({ table, where, project }: Query, ids: readonly string[] | null = null): string {
  const conditions = ids === null ? where : [...where, `id in~ (${ids.map(literal).join(', ')})`];
  return [table, ...conditions.map((condition) => `where ${condition}`), `project ${project.join(', ')}`, 'order by id asc'].join('\n| ');
}

/** Whether a text can be an id of Azure Resource Manager. No operator, comment or line end of KQL can be among its characters. */
export const isResourceId = (text: string): boolean => /^[\p{L}\p{N} ._()/:@+~'-]{1,2048}$/u.test(text);

function literal(id: string): string {
  if (!isResourceId(id)) throw new TidemarkError('INTERNAL', 'A text that is no id of a resource was about to enter a query.');
  return `'${id.replaceAll("'", "\\'")}'`;
}
