// Where a walk of a query stands, kept in the fragment of a link: the link goes to the base (I16), its fragment goes nowhere.
// MUST be checked whenever a link is read: links are stored.
import { z } from 'zod';
import { TidemarkError } from '../../errors.ts';
import { checkLink, under } from '../graphLinks.ts';

const path = '/providers/Microsoft.ResourceGraph/resources';

/** https://learn.microsoft.com/rest/api/azureresourcegraph/resourcegraph/resources/resources */
export const resourcesUrl = (base: URL): URL => under(base, `${path}?api-version=2021-03-01`);

const positionSchema = z.strictObject({
  /** The query's name. */
  query: z.string().min(1),
  /** The classes of assets that it is limited to, so that one walk reads by one choice; absent: all. */
  types: z
    .string()
    .regex(/^[a-z-]+(,[a-z-]+)*$/)
    .optional(),
  top: z.coerce.number().int().min(1).max(1000),
  /** The first id of the batch of scopes, so that a list that changes meanwhile skips none; absent: the first of all. */
  from: z.string().min(1).optional(),
  /** What the batch's scopes were, and the token that goes with them alone. */
  batch: z.string().min(1).optional(),
  token: z.string().min(1).optional(),
  /** How many rows of the batch came before, the id of the last, and how many there were in all. */
  rows: z.coerce.number().int().min(0),
  last: z.string().min(1).optional(),
  total: z.coerce.number().int().optional(),
});
export type Position = z.infer<typeof positionSchema>;

export function linkOf(base: URL, position: Position): string {
  const given = Object.entries(position).filter(([, value]) => value !== undefined);
  const url = resourcesUrl(base);
  url.hash = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString();
  return url.href;
}

/** @throws LINK_REFUSED naming the rule, never the link. */
export function positionOf(base: URL, link: string): Position {
  const url = checkLink(base, link);
  if (url.href !== resourcesUrl(base).href) throw refused('it is not of the resources of Resource Graph');
  const read = positionSchema.safeParse(Object.fromEntries(new URLSearchParams(new URL(link).hash.slice(1))));
  if (!read.success) throw refused('its position is malformed');
  const { token, batch, last, total, rows } = read.data;
  const begun = [token, batch, last, total].filter((value) => value !== undefined).length;
  if (begun !== (rows === 0 ? 0 : 4)) throw refused('its token is of no batch');
  return read.data;
}

function refused(why: string): TidemarkError {
  return new TidemarkError('LINK_REFUSED', `A link was not followed: ${why}.`);
}
