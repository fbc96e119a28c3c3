// Whom orders name: ids, userPrincipalNames and earlier orders, as objects. What the directory alone knows is asked.
import { guid } from '../connectors/input.ts';
import type { Writer } from '../clients/graphWrite.ts';
import type { FetchOptions } from '../clients/source.ts';
import { type Creation, type KnownObject, knownObjects, type OpenOrder, readCreations } from '../store/ledger.ts';
import type { Database } from '../store/database.ts';
import type { Placed } from './choose.ts';
import { propertyOf } from './judge.ts';
import { type Order, readOrder } from './order.ts';
import { objectTypes } from './types.ts';

const isName = (key: string): boolean => /^[^@\s/]+@[^@\s/]+$/.test(key);

/** Why an order cannot be written, before any request. */
export interface Fault {
  readonly code: 'ORDER_INVALID' | 'ORDER_REFUSED' | 'SOURCE_NOT_FOUND';
  readonly message: string;
}

export interface Work extends Placed {
  readonly row: OpenOrder;
  readonly fault: Fault | null;
  /** The userPrincipalName to ask the directory for. */
  readonly asks: string | null;
}

/** What is known of a userPrincipalName. */
export interface Found {
  readonly id: string;
  readonly synced: boolean;
}

/** An order as the ledger has it. */
function orderOf(row: OpenOrder): Order | null {
  const { id, action, type, key, member, body } = row;
  const read = readOrder({
    id,
    action,
    type,
    ...(key === null || action === 'create' ? {} : { key }),
    ...(member === null ? {} : { member }),
    ...(body === null ? {} : { values: body }),
  });
  return 'order' in read ? read.order : null;
}

/** Places the open orders. `found`: what the directory said of names, null for one that it does not have. */
export async function placeOrders(
  database: Database,
  connection: string,
  rows: readonly OpenOrder[],
  found: ReadonlyMap<string, Found | null>,
): Promise<Work[]> {
  const keys = rows.flatMap(({ key, member, action }) => [
    ...(key === null || action === 'create' ? [] : [key]),
    ...(member === null ? [] : [member]),
  ]);
  const ids = [...new Set(keys.filter((key) => !guid.test(key)))];
  const names = ids.filter(isName).map((name) => name.toLowerCase());
  const roles = rows.flatMap(({ type, key }) => (type === 'directoryRole' && key !== null ? [key.toLowerCase()] : []));
  const [creations, known] = await Promise.all([
    ids.length === 0 ? [] : readCreations(database, connection, { ids, names }),
    roles.length === 0 ? [] : knownObjects(database, connection, { ids: roles, streams: [objectTypes.directoryRole.stream] }),
  ]);
  return createPlacer({ creations, roles: known, found, open: rows }).place();
}

interface Knowledge {
  readonly creations: readonly Creation[];
  readonly roles: readonly KnownObject[];
  readonly found: ReadonlyMap<string, Found | null>;
  readonly open: readonly OpenOrder[];
}

/** What a word of an order stands for. */
interface End {
  readonly object: string | null;
  readonly names: readonly string[];
  readonly blocked?: true;
  readonly asks?: string;
  readonly fault?: Fault;
}

const madeBy = (order: string): string => `order ${order}`;

function createPlacer({ creations, roles, found, open }: Knowledge) {
  const byOrder = new Map(creations.map((creation) => [creation.id, creation]));
  const byName = new Map(creations.flatMap((creation) => (creation.key === null ? [] : [[creation.key.toLowerCase(), creation]])));
  const openIds = new Set(open.map(({ id }) => id));
  const pending = new Set<string>();

  const endOf = (word: string, row: OpenOrder): End => {
    const lower = word.toLowerCase();
    if (guid.test(word)) {
      const template = row.type === 'directoryRole' && word === row.key ? roles.find(({ id }) => id === lower)?.roleTemplateId : null;
      return { object: template ?? lower, names: [lower] };
    }
    const creation = byOrder.get(word);
    if (creation !== undefined && creation.num < row.num) return endOfCreation(word, creation);
    if (!isName(word) || row.type !== 'user') {
      const message = `${word.slice(0, 80)} is neither an id${row.type === 'user' ? ', nor a userPrincipalName' : ''}, nor an earlier order that makes an object`;
      return { object: null, names: [], fault: { code: 'ORDER_INVALID', message } };
    }
    if (pending.has(lower)) return { object: null, names: [lower], blocked: true };
    const object = row.objectId ?? byName.get(lower)?.objectId ?? found.get(lower)?.id ?? null;
    if (object !== null) return { object, names: [object, lower] };
    if (!found.has(lower)) return { object: null, names: [lower], asks: lower };
    return { object: null, names: [lower], fault: { code: 'SOURCE_NOT_FOUND', message: 'no user has this userPrincipalName' } };
  };

  const endOfCreation = (word: string, { ended, objectId }: Creation): End => {
    if (objectId !== null && ended) return { object: objectId, names: [objectId] };
    if (!ended && openIds.has(word)) return { object: null, names: [madeBy(word)], blocked: true };
    const message = ended
      ? `the order ${word} that was to make it has made nothing`
      : `the order ${word} that is to make it has not ended: send its file first`;
    return { object: null, names: [], fault: { code: 'ORDER_INVALID', message } };
  };

  const placeOne = (row: OpenOrder): Work => {
    const order = orderOf(row);
    const unreadable: Fault = { code: 'ORDER_INVALID', message: 'the order cannot be read any more: another release took it' };
    const upn = row.body?.['userPrincipalName'];
    const renamed = typeof upn === 'string' ? [upn.toLowerCase()] : [];
    const end: End = row.action === 'create' ? { object: row.objectId, names: [madeBy(row.id)] } : endOf(row.key ?? '', row);
    const member: End = row.member === null ? { object: null, names: [] } : endOf(row.member, row);
    for (const name of renamed) pending.add(name);
    return {
      row,
      order: order ?? { id: row.id, action: 'update', type: 'user', key: row.key, member: row.member, values: null },
      object: end.object,
      member: member.object,
      writes: [...end.names, ...renamed],
      reads: member.names,
      waitMs: row.waitMs,
      blocked: end.blocked === true || member.blocked === true,
      fault: order === null ? unreadable : (end.fault ?? member.fault ?? null),
      asks: end.asks ?? null,
    };
  };
  return { place: (): Work[] => open.map(placeOne) };
}

/** Asks the directory for names. */
export async function askNames(writer: Writer, names: readonly string[], options: FetchOptions): Promise<Map<string, Found | null>> {
  const distinct = [...new Set(names)];
  const answers = await writer.read(
    distinct.map((name) => `/users/${encodeURIComponent(name)}?$select=id,onPremisesSyncEnabled`),
    options,
  );
  const found = new Map<string, Found | null>();
  distinct.forEach((name, index) => {
    const answer = answers[index];
    const id = propertyOf(answer?.body, 'id');
    if (answer?.status === 200 && typeof id === 'string')
      found.set(name, { id: id.toLowerCase(), synced: propertyOf(answer.body, 'onPremisesSyncEnabled') === true });
    else if (answer?.status === 404) found.set(name, null);
  });
  return found;
}
