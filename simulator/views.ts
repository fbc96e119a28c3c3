// Objects as the API writes them: whole, with null for what is not set (lists), or sparse, without it (delta queries).
import type { Json, JsonObject } from '../src/model.ts';
import { deviceProperties } from './devices.ts';
import { userProperties } from './people.ts';
import type { Generator } from './people.ts';
import { types } from './properties.ts';
import type { LinkRelation, TypeDefinition } from './properties.ts';
import { guid, mix } from './random.ts';
import type { Kind, Ref } from './random.ts';
import type { Tenant } from './tenant.ts';
import { definitionProperties, groupProperties, principalProperties, roleProperties } from './things.ts';

interface View {
  readonly definition: TypeDefinition;
  readonly generators: Readonly<Record<string, Generator>>;
  readonly salt: number;
}

/** What only requests make has its id, and what they wrote. */
const idOf = (kind: Kind): View['generators'] => ({ id: (seed, index) => guid(seed, kind, index) });
const none: View = { definition: types.device, generators: {}, salt: 0 };
const views: Readonly<Record<Kind, View>> = {
  user: { definition: types.user, generators: userProperties, salt: 1 },
  group: { definition: types.group, generators: groupProperties, salt: 2 },
  servicePrincipal: { definition: types.servicePrincipal, generators: principalProperties, salt: 3 },
  device: { definition: types.device, generators: deviceProperties, salt: 4 },
  roleDefinition: { definition: types.roleDefinition, generators: definitionProperties, salt: 5 },
  directoryRole: { definition: types.directoryRole, generators: roleProperties, salt: 6 },
  application: { definition: types.application, generators: idOf('application'), salt: 7 },
  administrativeUnit: { definition: types.administrativeUnit, generators: idOf('administrativeUnit'), salt: 8 },
  appRole: none,
  assignment: none,
  other: none,
};

/** `#microsoft.graph.user` and the like. */
export function odataType(kind: Kind): string {
  return `#microsoft.graph.${views[kind].definition.type}`;
}

/** One property now: undefined when never set, null when it was cleared. */
export function property(tenant: Tenant, ref: Ref, name: string): Json | undefined {
  const overlay = tenant.overlay(ref);
  const overlaid = overlay?.values[name];
  if (overlaid !== undefined) return overlaid;
  if (overlay?.blank === true && name !== 'id') return undefined;
  const view = views[ref.kind];
  return view.generators[name]?.(tenant.shape.seed, ref.index, mix(tenant.shape.seed, view.salt, ref.index));
}

/** Whether an application is shown a relation: `seesHidden` is whether it sees members that a group hides. */
export function shows(tenant: Tenant, ref: Ref, relation: LinkRelation, seesHidden: boolean): boolean {
  return seesHidden || relation !== 'members' || ref.kind !== 'group' || property(tenant, ref, 'visibility') !== 'HiddenMembership';
}

/** Writes many objects of one kind with the same selection; the look-ups are made once. */
export function writer(tenant: Tenant, kind: Kind, select: readonly string[] | null): { readonly whole: (index: number) => JsonObject } {
  const { definition, generators, salt } = views[kind];
  const seed = tenant.shape.seed;
  const names = select ?? definition.byDefault;
  const columns = names.map((name) => ({
    name,
    generate: generators[name],
    isCollection: definition.collections.has(name),
  }));
  return {
    whole: (index) => {
      const dice = mix(seed, salt, index);
      const overlay = tenant.overlay({ kind, index });
      const values = overlay?.values;
      const blank = overlay?.blank === true;
      const object: JsonObject = {};
      for (const column of columns) {
        const overlaid = values?.[column.name];
        const computed = blank && column.name !== 'id' ? undefined : column.generate?.(seed, index, dice);
        const value = overlaid === undefined ? computed : overlaid;
        object[column.name] = value ?? (column.isCollection ? [] : null);
      }
      return object;
    },
  };
}

/** An object with what is selected and set; cleared properties are null when `cleared` says so, else left out. The id comes always. */
export function sparse(tenant: Tenant, ref: Ref, select: readonly string[] | null, cleared: boolean): JsonObject {
  const object: JsonObject = { id: tenant.id(ref) };
  for (const name of select ?? views[ref.kind].definition.byDefault) {
    const value = property(tenant, ref, name);
    if (value === undefined || (value === null && !cleared)) continue;
    object[name] = value;
  }
  return object;
}
