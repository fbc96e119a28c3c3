// Who has a unique name now: principal names of users, mail nicknames of Microsoft 365 groups, unique names of groups.
// Names are compared without case, as the directory does. No scan: a name is written down when given, or is computed from an index.
import type { Ref } from './random.ts';
import type { Changing, Tenant, UniqueName } from './tenant.ts';
import { property } from './views.ts';

interface Rule {
  readonly kind: Changing;
  /** How the name of an untouched object tells its index. */
  readonly computed: RegExp;
}

const rules: Readonly<Record<UniqueName, Rule>> = {
  userPrincipalName: { kind: 'user', computed: /^(?:user|guest)(\d{6,})[@_]/ },
  mailNickname: { kind: 'group', computed: /^group(\d+)$/ },
  uniqueName: { kind: 'group', computed: /^unique-group-(\d+)$/ },
};
const uniqueNames: readonly UniqueName[] = ['userPrincipalName', 'mailNickname', 'uniqueName'];

export function isUnified(tenant: Tenant, ref: Ref): boolean {
  const types = property(tenant, ref, 'groupTypes');
  return Array.isArray(types) && types.includes('Unified');
}

/** Writes down the names an object has now. MUST be asked whenever it is made, changed or restored. */
export function noteNames(tenant: Tenant, ref: Ref): void {
  for (const name of uniqueNames) {
    const value = rules[name].kind === ref.kind ? tenant.overlay(ref)?.values[name] : undefined;
    if (typeof value === 'string' && counts(tenant, ref, name)) tenant.named[name].set(value.toLowerCase(), ref.index);
  }
}

/** The living object that has this name, or null. */
export function holderOf(tenant: Tenant, name: UniqueName, value: string): Ref | null {
  const { kind, computed } = rules[name];
  const wanted = value.toLowerCase();
  for (const index of [tenant.named[name].get(wanted), Number(computed.exec(wanted)?.[1] ?? Number.NaN)]) {
    if (index === undefined || !(index < tenant.count(kind))) continue;
    const ref: Ref = { kind, index };
    const held = property(tenant, ref, name);
    if (typeof held === 'string' && held.toLowerCase() === wanted && tenant.isLive(ref) && counts(tenant, ref, name)) return ref;
  }
  return null;
}

/** Only Microsoft 365 groups must differ in their nicknames. */
function counts(tenant: Tenant, ref: Ref, name: UniqueName): boolean {
  return name !== 'mailNickname' || isUnified(tenant, ref);
}
