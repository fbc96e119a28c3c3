// The requests of an order, in their order. Pure. The only place that builds the address of a write.
// MUST NOT build a DELETE on members or owners without /$ref: Graph would delete the object itself
// (https://learn.microsoft.com/graph/api/group-delete-members).
import { hashOf } from '../mappings/canonical.ts';
import type { JsonObject } from '../model.ts';
import type { Order } from './order.ts';
import { isGenerated } from './password.ts';
import { type ObjectType, typeOf } from './types.ts';

interface WriteRequest {
  readonly method: 'POST' | 'PATCH' | 'DELETE';
  /** Relative to Graph's base. */
  readonly path: string;
  readonly body: JsonObject | null;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Step extends WriteRequest {
  /** The properties that it writes on their own: its refusal does not end the order. */
  readonly alone: string | null;
  /** Only after a lost answer: the password that was sent last need not be the one that counts. */
  readonly afterLoss?: true;
}

/** What an order's words stand for. */
export interface Places {
  /** Graph's base, without a slash at its end: references begin with it. */
  readonly base: string;
  /** The object's id; of a create what stands for it until it has one. */
  readonly object: string;
  readonly member: string | null;
  /** Whose ledger it is in: with the order's id it makes the uniqueName by which a creation is repeatable. */
  readonly connection: string;
  /** The id of the role assignment to remove, once it is known. */
  readonly assignment: string | null;
}

type Relation = 'members' | 'owners';

/** Members that one PATCH may add: https://learn.microsoft.com/graph/api/group-post-members */
export const mostBound = 20;

/**
 * The address of a collection, of an object, or of a reference from an object: a path that names a relation always ends in /$ref.
 */
export function addressOf(of: {
  readonly collection: string;
  readonly object?: string;
  readonly reference?: { readonly relation: Relation; readonly to?: string };
}): string {
  const { collection, object, reference } = of;
  const base = `/${collection}`;
  if (object === undefined) return base;
  const at = `${base}/${segment(object)}`;
  if (reference === undefined) return at;
  const to = reference.to === undefined ? '' : `/${segment(reference.to)}`;
  return `${at}/${reference.relation}${to}/$ref`;
}

/** A part of a path: what could lead elsewhere is encoded, dots have no way round it. */
function segment(text: string): string {
  if (text === '' || text === '.' || text === '..') throw new RangeError('A path has an empty or dotted segment.');
  return encodeURIComponent(text).replaceAll('%7B', '{').replaceAll('%7D', '}').replaceAll('%40', '@');
}

/** The requests of an order. How many there are depends on the order alone, so that a step's number means the same in every attempt. */
export function stepsOf(order: Order, places: Places): Step[] {
  const type = typeOf(order.type);
  const { collection } = type;
  const { object, member } = places;
  const values = order.values ?? {};
  const patch = (body: JsonObject, alone: string | null = null): Step => step('PATCH', addressOf({ collection, object }), body, alone);
  switch (order.action) {
    case 'create':
      return [
        creation(type, without(values, type.later), markerOf(places.connection, order.id)),
        ...only(values, type.later).map((body) => patch(body, Object.keys(body).join())),
        ...again(values, patch),
      ];
    case 'update': {
      const rest = without(values, [...type.alone, ...type.later]);
      const first = Object.keys(rest).length === 0 ? [] : [patch(rest)];
      return [...first, ...only(values, [...type.alone, ...type.later]).map((body) => patch(body, Object.keys(body).join()))];
    }
    case 'enable':
    case 'disable':
      return [patch({ accountEnabled: order.action === 'enable' })];
    case 'resetPassword':
      return [patch(values)];
    case 'delete':
      return [step('DELETE', addressOf({ collection, object }), null)];
    case 'addMember':
    case 'removeMember':
      if (type.members === 'roleAssignments') return [assignmentStep(type, order.action, places)];
      return [referenceStep(collection, order.action === 'addMember', 'members', places)];
    case 'addOwner':
    case 'removeOwner':
      return [referenceStep(collection, order.action === 'addOwner', 'owners', { ...places, member })];
  }
}

/** A password that we make is another one in each attempt: who was made by an earlier one gets it anew. */
function again(values: JsonObject, patch: (body: JsonObject) => Step): Step[] {
  const { passwordProfile } = values;
  return passwordProfile === undefined || !isGenerated(values) ? [] : [{ ...patch({ passwordProfile }), afterLoss: true }];
}

/** The same for the same order, and for no other. */
export const markerOf = (connection: string, order: string): string =>
  `tidemark-${hashOf(JSON.stringify([connection, order])).slice(0, 32)}`;

function creation({ collection, found }: ObjectType, values: JsonObject, marker: string): Step {
  if (found?.by !== 'upsert') return step('POST', addressOf({ collection }), values);
  // Sent again it finds what it made: https://learn.microsoft.com/graph/api/group-upsert
  return { ...step('PATCH', `/${collection}(uniqueName='${marker}')`, values), headers: { Prefer: 'create-if-missing' } };
}

function referenceStep(collection: string, add: boolean, relation: Relation, { base, object, member }: Places): Step {
  const to = member ?? '';
  if (!add) return step('DELETE', addressOf({ collection, object, reference: { relation, to } }), null);
  return step('POST', addressOf({ collection, object, reference: { relation } }), { '@odata.id': referenceOf(base, to) });
}

// https://learn.microsoft.com/graph/api/rbacapplication-post-roleassignments
function assignmentStep({ collection }: ObjectType, action: 'addMember' | 'removeMember', places: Places): Step {
  const { object, member, assignment } = places;
  if (action === 'removeMember') return step('DELETE', addressOf({ collection, object: assignment ?? '{assignment}' }), null);
  return step('POST', addressOf({ collection }), { roleDefinitionId: object, principalId: member ?? '', directoryScopeId: '/' });
}

/** One request that adds several members: all of them, or none. */
export function bindStep(collection: string, object: string, members: readonly string[], base: string): Step {
  return step('PATCH', addressOf({ collection, object }), { 'members@odata.bind': members.map((id) => referenceOf(base, id)) });
}

const referenceOf = (base: string, id: string): string => `${base}/directoryObjects/${segment(id)}`;

function step(method: WriteRequest['method'], path: string, body: JsonObject | null, alone: string | null = null): Step {
  return { method, path, body, headers: {}, alone };
}

function without(values: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !names.includes(name)));
}

/** Each of the properties that are there, by itself. */
function only(values: JsonObject, names: readonly string[]): JsonObject[] {
  return names.flatMap((name) => (values[name] === undefined ? [] : [{ [name]: values[name] }]));
}
