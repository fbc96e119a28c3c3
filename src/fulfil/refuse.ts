// Orders that are refused before a request: protected objects, and what the inventory knows the directory would refuse.
import type { Writer } from '../clients/graphWrite.ts';
import type { FetchOptions } from '../clients/source.ts';
import { TidemarkError } from '../errors.ts';
import { type KnownObject, knownObjects, membersAmong } from '../store/ledger.ts';
import type { Database } from '../store/database.ts';
import { judgeRemovals, type Guard } from '../pull/guard.ts';
import type { Deletions } from '../store/orderFile.ts';
import { askNames, type Fault, type Found, type Work } from './place.ts';
import { objectTypes, type TypeName, typeNames, typeOf } from './types.ts';

/** Objects that no order may change, as ids. */
export interface Protection {
  readonly ids: ReadonlySet<string>;
  readonly groups: readonly string[];
}

/**
 * The list of the settings. Names are asked for, so that who is protected by name is so by id too.
 * @throws CONFIG_INVALID for a group that the inventory does not have: nobody could say who belongs to it.
 */
export async function readProtection(
  { database, writer }: { readonly database: Database; readonly writer: Writer },
  connection: string,
  list: readonly string[],
  options: FetchOptions,
): Promise<Protection> {
  const groups = list.flatMap((entry) => (entry.startsWith('group:') ? [entry.slice('group:'.length)] : []));
  const names = list.filter((entry) => entry.includes('@'));
  const [found, known] = await Promise.all([
    names.length === 0 ? new Map<string, Found | null>() : askNames(writer, names, options),
    groups.length === 0 ? [] : knownObjects(database, connection, { ids: groups, streams: [objectTypes.group.stream] }),
  ]);
  const unknown = groups.find((group) => !known.some(({ id }) => id === group));
  if (unknown !== undefined) {
    throw new TidemarkError('CONFIG_INVALID', `settings.fulfil.protected names the group ${unknown}, which the inventory does not have.`, {
      hint: 'Run the connection first, or correct the list: without its members nobody could be protected by it.',
    });
  }
  const unasked = names.find((name) => !found.has(name));
  if (unasked !== undefined)
    throw new TidemarkError('SOURCE_UNAVAILABLE', 'The directory did not say who is protected by settings.fulfil.protected.');
  const ids = list.filter((entry) => !entry.startsWith('group:') && !entry.includes('@'));
  return { ids: new Set([...ids, ...[...found.values()].flatMap((user) => user?.id ?? [])]), groups };
}

const streams = typeNames.flatMap((name) => typeOf(name).stream ?? []);

/** Why each of these orders is refused; those that are not here may go. */
export async function refusedBefore(
  database: Database,
  connection: string,
  works: readonly Work[],
  of: { readonly protection: Protection; readonly found: ReadonlyMap<string, Found | null> },
): Promise<ReadonlyMap<Work, Fault>> {
  const { protection, found } = of;
  const ids = [...new Set(works.flatMap(({ object }) => object ?? []))];
  const [known, members] = await Promise.all([
    knownObjects(database, connection, { ids, streams }),
    protection.groups.length === 0 ? new Set<string>() : membersAmong(database, connection, { groups: protection.groups, ids }),
  ]);
  const byId = new Map(known.map((object) => [object.id, object]));
  const synced = new Set([...found.values()].flatMap((user) => (user?.synced === true ? [user.id] : [])));
  const refused = new Map<Work, Fault>();
  for (const work of works) {
    const { object, order } = work;
    if (object === null || order.action === 'create') continue;
    const why = protection.ids.has(object) || members.has(object) ? guarded : whyNot(order.action, byId.get(object), synced.has(object));
    if (why !== null) refused.set(work, { code: 'ORDER_REFUSED', message: why });
  }
  return refused;
}

const guarded = 'it is protected by settings.fulfil.protected; nothing was sent';

function whyNot(action: Work['order']['action'], known: KnownObject | undefined, isSynced: boolean): string | null {
  if (isSynced || known?.synced === true)
    return 'it is synchronised from on-premises (onPremisesSyncEnabled) and can be changed only there; nothing was sent';
  const membership = action === 'addMember' || action === 'removeMember';
  if (known?.dynamic === true && membership)
    return 'the group has a rule for its members (DynamicMembership), so none can be added or removed; nothing was sent';
  const reach = membership || action === 'addOwner' || action === 'removeOwner';
  if (known?.assignableToRole === true && reach)
    return 'the group can be assigned to roles (isAssignableToRole): its members and owners are not changed by orders; nothing was sent';
  return null;
}

/** Why the deletions of a type in one file are too many for the connection's guard; null when they are not. `live`: null where the inventory has none. */
export function judgeDeletions({ type, counted, applied }: Deletions, live: number | null, guard: Guard): string | null {
  const known = live ?? Number.MAX_SAFE_INTEGER;
  const group = { stream: type, kind: 'record', counted, absent: 0, live: known, largest: known, applied };
  const judgement = judgeRemovals([{ ...group, scopeChanged: false, joins: false, asksAgain: false }], guard);
  if (judgement.verdict === 'apply') return null;
  const [cause] = judgement.because;
  return `the file deletes ${counted} of type ${type}, more than the guard of the connection allows (${cause?.rule ?? 'guard'}: ${cause?.count ?? counted}, at most ${cause?.limit ?? 0}); nothing was sent`;
}

export const streamOf = (type: string): string | null => {
  const name = typeNames.find((known): known is TypeName => known === type);
  return name === undefined ? null : typeOf(name).stream;
};
