// Looking for what an order was to make: after a lost answer, and after a refusal that may mean that it is there already.
import type { Writer } from '../clients/graphWrite.ts';
import { relativePath } from '../clients/graphLinks.ts';
import type { FetchOptions } from '../clients/source.ts';
import { propertyOf } from './judge.ts';
import type { Work } from './place.ts';
import { markerOf } from './request.ts';
import { typeOf } from './types.ts';

/** `ours`: made by the order. `others`: it was there before. `none`: it is not there, or not to be seen yet. */
export type Sight = { readonly kind: 'ours' | 'others'; readonly id: string } | { readonly kind: 'none' } | { readonly kind: 'unknown' };

/** The clocks of the directory and of the database may differ by this. */
const clocksMs = 5 * 60_000;

/** Looks for each at once. Codes: those of Source. */
export async function lookFor(
  writer: Writer,
  works: readonly Work[],
  { connection, ...options }: FetchOptions & { readonly connection: string },
): Promise<Map<Work, Sight>> {
  const sights = new Map<Work, Sight>(works.map((work) => [work, { kind: 'unknown' }]));
  const ask = async (those: readonly Work[], where: (work: Work) => string | null): Promise<void> => {
    const asked = those.flatMap((work) => {
      const path = where(work);
      return path === null ? [] : [{ work, path }];
    });
    if (asked.length === 0) return;
    const paths = asked.map(({ path }) => path);
    const answers = await writer.read(paths, options);
    asked.forEach(({ work }, index) => sights.set(work, sightOf(work, answers[index] ?? null)));
  };
  await ask(works, (work) => pathOf(work, connection));
  const missed = works.filter((work) => sights.get(work)?.kind === 'none');
  await ask(missed, pathFromPrincipal);
  return sights;
}

const filterById = (id: string): string => `id%20eq%20${quoted(id)}&$count=true&$select=id`;
const quoted = (text: string): string => encodeURIComponent(`'${text.replaceAll("'", "''")}'`);

/** null: nobody could tell it from others. */
function pathOf({ order, object, member }: Work, connection: string): string | null {
  const type = typeOf(order.type);
  const collection = relativePath(...type.collection.split('/'));
  switch (order.action) {
    case 'create': {
      const { found } = type;
      if (found === null) return null;
      if (found.by === 'upsert') return `${collection}(uniqueName='${markerOf(connection, order.id)}')?$select=id`;
      const value = order.values?.[found.property];
      if (typeof value !== 'string') return null;
      const select = `$select=${found.dated ? 'id,createdDateTime' : 'id'}`;
      if (order.type === 'user') return `${collection}/${encodeURIComponent(value)}?${select}`;
      return `${collection}?$filter=${found.property}%20eq%20${quoted(value)}&${select}`;
    }
    case 'addMember':
    case 'removeMember':
    case 'addOwner':
    case 'removeOwner': {
      if (object === null || member === null) return null;
      if (type.members === 'roleAssignments')
        return `${collection}?$filter=${encodeURIComponent(`principalId eq '${member}' and roleDefinitionId eq '${object}'`)}`;
      const relation = order.action.endsWith('Member') ? 'members' : 'owners';
      return `${collection}/${object}/${relation}?$filter=${filterById(member)}`;
    }
    default:
      return null;
  }
}

/**
 * v1.0 leaves service principals out of the members and owners of a group: whether one belongs to it is asked of the service principal. Anybody else
 * is not found there either. https://learn.microsoft.com/graph/api/group-list-members, https://learn.microsoft.com/graph/api/serviceprincipal-list-memberof
 */
function pathFromPrincipal({ order, object, member }: Work): string | null {
  if (order.type !== 'group' || object === null || member === null) return null;
  const relation = order.action.endsWith('Member') ? 'memberOf' : 'ownedObjects';
  return `/servicePrincipals/${member}/${relation}?$filter=${filterById(object)}`;
}

function sightOf({ order, row }: Work, answer: { readonly status: number; readonly body: unknown } | null): Sight {
  if (answer === null || (answer.status !== 200 && answer.status !== 404)) return { kind: 'unknown' };
  if (answer.status === 404) return { kind: 'none' };
  const listed = propertyOf(answer.body, 'value');
  const seen = (Array.isArray(listed) ? listed : [answer.body]).flatMap((one: unknown) => {
    const id = propertyOf(one, 'id');
    return typeof id === 'string' ? [{ id, at: propertyOf(one, 'createdDateTime') }] : [];
  });
  const [first] = seen;
  if (first === undefined) return { kind: 'none' };
  if (order.action !== 'create') return { kind: 'others', id: first.id };
  const { found } = typeOf(order.type);
  const since = row.firstSentAt === null ? Infinity : Date.parse(row.firstSentAt) - clocksMs;
  const sentBefore = row.lost || row.state === 'sent';
  const isOurs = (at: unknown): boolean => {
    if (found === null) return false;
    if (found.by === 'upsert') return true;
    return sentBefore && (!found.dated || (typeof at === 'string' && Date.parse(at) >= since));
  };
  const ours = seen.filter(({ at }) => isOurs(at));
  const [one] = ours;
  if (one !== undefined && ours.length === 1) return { kind: 'ours', id: one.id };
  return { kind: 'others', id: first.id };
}
