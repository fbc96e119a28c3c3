// The deterministic mix of changes to devices behind `mutateDevices(n)`, apart from the directory's own mix, which stays what it was.
import type { Json } from '../src/model.ts';
import { applyMutation } from './mutations.ts';
import type { Mutation } from './mutations.ts';
import { pastTime } from './people.ts';
import { mix } from './random.ts';
import type { Tenant } from './tenant.ts';

const cycle = ['signIn', 'rename', 'comply', 'upgrade', 'create', 'clear', 'signIn', 'disable', 'delete', 'signIn'] as const;

/** Makes so many changes, in the order of the cycle; the same seed, size and history always give the same ones. */
export function mutateDeviceMix(tenant: Tenant, changes: number): Mutation[] {
  return Array.from({ length: changes }, () => {
    const turn = tenant.mixedDevices;
    tenant.mixedDevices += 1;
    return applyMutation(tenant, choose(tenant, turn));
  });
}

function choose(tenant: Tenant, turn: number): Mutation {
  const id = someone(tenant, mix(tenant.shape.seed, 80, turn));
  const dice = mix(tenant.shape.seed, 81, turn);
  const create: Mutation = { do: 'createDevice', set: { displayName: `NEW-HOST-${turn}` } };
  if (id === null) return create;
  const update = (set: Readonly<Record<string, Json>>): Mutation => ({ do: 'updateDevice', id, set });
  switch (cycle[turn % cycle.length] ?? 'signIn') {
    case 'create':
      return create;
    case 'delete':
      return { do: 'deleteDevice', id };
    case 'signIn':
      return update({ approximateLastSignInDateTime: pastTime(dice).replace(/^\d{4}/, '2026') });
    case 'rename':
      return update({ displayName: `RENAMED-${turn}` });
    case 'comply':
      return update({ isManaged: true, isCompliant: dice % 2 === 0 });
    case 'upgrade':
      return update({ operatingSystemVersion: `10.0.26100.${2000 + turn}` });
    case 'clear':
      return update({ isCompliant: null, isManaged: null });
    case 'disable':
      return update({ accountEnabled: false });
  }
}

/** A living device near a random position, or null when there is none. */
function someone(tenant: Tenant, random: number): string | null {
  const count = tenant.count('device');
  for (let step = 0; step < count; step += 1) {
    const ref = { kind: 'device', index: (random + step) % count } as const;
    if (tenant.isLive(ref)) return tenant.id(ref);
  }
  return null;
}
