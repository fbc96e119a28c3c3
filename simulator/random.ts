// Deterministic numbers and GUIDs. A GUID carries its kind and index, so an id is found again without a table.
// MUST stay pure: the same seed, kind and index give the same id in every process.

const hex4: readonly string[] = Array.from({ length: 0x10000 }, (_, value) => value.toString(16).padStart(4, '0'));

/** The kinds of object that have GUIDs; the value is the nibble kept in the id. */
const nibbles = {
  user: 1,
  group: 2,
  servicePrincipal: 3,
  device: 4,
  roleDefinition: 5,
  appRole: 6,
  assignment: 7,
  other: 8,
  directoryRole: 9,
  application: 10,
  administrativeUnit: 11,
} as const;
export type Kind = keyof typeof nibbles;
const kinds: readonly Kind[] = [
  'user',
  'group',
  'servicePrincipal',
  'device',
  'roleDefinition',
  'appRole',
  'assignment',
  'other',
  'directoryRole',
  'application',
  'administrativeUnit',
];

/** A kind of object and its position; the id follows from it. */
export interface Ref {
  readonly kind: Kind;
  readonly index: number;
}

/** An unsigned 32-bit number from a seed, a salt that separates uses, and an index. */
export function mix(seed: number, salt: number, index: number): number {
  let hash = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(salt + 0x7f4a7c15, 0xc2b2ae35) ^ Math.imul(index + 1, 0x27d4eb2f);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return (hash ^ (hash >>> 15)) >>> 0;
}

function part(value: number): string {
  return hex4[value & 0xffff] ?? '';
}

/** The GUID of an object: random to look at, with the kind in the 21st character and the masked index at its end. */
export function guid(seed: number, kind: Kind, index: number): string {
  const nibble = nibbles[kind];
  const first = mix(seed, 1000 + nibble, index);
  const second = mix(seed, 2000 + nibble, index);
  const mask = mix(seed, 3000 + nibble, 0);
  const low = (index ^ mask) >>> 0;
  const variant = 0xa000 | (nibble << 8) | (second & 0xff);
  return `${part(first >>> 16)}${part(first)}-${part(second >>> 16)}-${part(0x4000 | ((second >>> 4) & 0xfff))}-${part(variant)}-${part(mask >>> 16)}${part(low >>> 16)}${part(low)}`;
}

/** The object a GUID names, or null when this seed never made it. Case does not matter, as in the directory. */
export function refOf(seed: number, id: string): Ref | null {
  if (!/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(id)) return null;
  const nibble = Number.parseInt(id.charAt(20), 16);
  for (const kind of kinds) {
    if (nibbles[kind] !== nibble) continue;
    const index = (Number.parseInt(id.slice(28), 16) ^ mix(seed, 3000 + nibble, 0)) >>> 0;
    return guid(seed, kind, index) === id.toLowerCase() ? { kind, index } : null;
  }
  return null;
}

/** An id of an assignment: no GUID but a short text in which case matters, as Microsoft Graph's are. */
export function assignmentId(seed: number, index: number): string {
  return Buffer.from(guid(seed, 'assignment', index).replaceAll('-', ''), 'hex').toString('base64url');
}
