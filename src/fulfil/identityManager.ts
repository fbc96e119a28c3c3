// The orders of Identity Manager (ProvisioningOrdersList) as orders of ours: one of theirs may be several of ours. Pure.
// What is public of the format: Usercube-Visit-Orders.ps1; how memberships are written in Changes is ours (contract.md).
import { z } from 'zod';
import type { Json, JsonObject } from '../model.ts';
import { typeNames } from './types.ts';

const odataType = '@odata.type';
const ids = z.array(z.string().min(1)).max(100_000);
const entityType = z.looseObject({ Identifier: z.string() });
const given = z.looseObject({
  AssignedResourceTypeId: z.union([z.string().min(1), z.int()]).transform(String),
  ChangeType: z.string().default(''),
  WorkflowInstanceId: z.union([z.string(), z.int()]).transform(String).nullish(),
  ResourceType: z.looseObject({ Identifier: z.string().nullish(), TargetEntityType: entityType.nullish() }).nullish(),
  Changes: z.record(z.string(), z.json()).nullish(),
  Resource: z.record(z.string(), z.json()).nullish(),
});

export const ordersList = z.looseObject({ ProvisioningOrdersList: z.array(z.unknown()) });

/** What one order of Identity Manager stands for: orders as readOrder takes them, or why it cannot be read. */
export interface Translated {
  readonly assignment: string | null;
  readonly changeType: string;
  readonly orders: readonly object[];
  readonly reason: string | null;
}

const memberships = ['members@add', 'members@remove', 'owners@add', 'owners@remove'] as const;
const actionOf = {
  'members@add': 'addMember',
  'members@remove': 'removeMember',
  'owners@add': 'addOwner',
  'owners@remove': 'removeOwner',
} as const;

export function translate(raw: unknown): Translated {
  const parsed = given.safeParse(raw);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const named = z.looseObject({ AssignedResourceTypeId: z.union([z.string(), z.int()]).transform(String) }).safeParse(raw);
    return failed(
      named.data?.AssignedResourceTypeId ?? null,
      '',
      `${issue?.path.join('.') ?? 'the order'} ${issue?.message ?? 'is not valid'}`,
    );
  }
  const { AssignedResourceTypeId: assignment, ChangeType: changeType, WorkflowInstanceId: instance, Changes, Resource } = parsed.data;
  // The assignment lives on: what is asked of it later comes by another workflow.
  const id = instance === undefined || instance === null || instance === '' ? assignment : `${assignment}/${instance}`;
  const { ResourceType } = parsed.data;
  const type = typeNamed([
    Changes?.[odataType],
    Resource?.[odataType],
    ResourceType?.TargetEntityType?.Identifier,
    ResourceType?.Identifier,
  ]);
  if (type === null) return failed(assignment, changeType, 'ResourceType.TargetEntityType.Identifier names no type');
  const values = Object.fromEntries(Object.entries(Changes ?? {}).filter(([name]) => !isMembership(name) && name !== odataType));
  const key = Resource?.['id'] ?? Resource?.['userPrincipalName'];
  const named = typeof key === 'string' && key !== '' ? key : null;

  switch (changeType) {
    case 'Added':
      return ok([{ id, action: 'create', type, values }, ...membershipOrders(id, type, id, Changes)]);
    case 'Modified': {
      if (named === null) return failed(assignment, changeType, 'Resource.id is required');
      const update = Object.keys(values).length === 0 ? [] : [{ action: 'update', type, key: named, values }];
      const orders = [...update, ...membershipOrders(id, type, named, Changes)];
      if (orders.length === 0) return failed(assignment, changeType, 'Changes has nothing to change');
      // The first of them has the order's own id.
      return ok(orders.map((order, index) => (index === 0 ? { ...order, id } : { id: `${id}#${index}`, ...order })));
    }
    case 'Deleted':
      return named === null ? failed(assignment, changeType, 'Resource.id is required') : ok([{ id, action: 'delete', type, key: named }]);
    default:
      return failed(assignment, changeType, 'ChangeType must be Added, Modified or Deleted');
  }

  function ok(orders: readonly object[]): Translated {
    return { assignment, changeType, orders, reason: null };
  }
}

function failed(assignment: string | null, changeType: string, reason: string): Translated {
  return { assignment, changeType: changeType.slice(0, 40), orders: [], reason };
}

const isMembership = (name: string): boolean => memberships.some((known) => known === name);

/** Adds come before removals: an owner is there before another one goes. */
function membershipOrders(id: string, type: string, key: string, changes: JsonObject | null | undefined): object[] {
  const orders = memberships
    .toSorted((one, other) => Number(one.endsWith('remove')) - Number(other.endsWith('remove')))
    .flatMap((name) => {
      const listed = ids.safeParse(changes?.[name] ?? []);
      // What is no list of ids is refused as an order: its member is missing.
      return (listed.data ?? [undefined]).map((member) => ({ action: actionOf[name], type, key, member }));
    });
  return orders.map((order, index) => ({ id: `${id}#${index + 1}`, ...order }));
}

/** `MicrosoftEntraID_DirectoryObject_user` and `#microsoft.graph.user` name a user. The first that names a type we write; else the first there is. */
function typeNamed(candidates: readonly (Json | undefined)[]): string | null {
  const names = candidates.flatMap((text) => {
    const last = typeof text === 'string' ? (text.split(/[._#]/).at(-1) ?? '') : '';
    return last === '' ? [] : [`${last.charAt(0).toLowerCase()}${last.slice(1)}`];
  });
  return names.find((name) => typeNames.some((known) => known === name)) ?? names[0] ?? null;
}
