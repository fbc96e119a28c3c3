// The state of a simulated tenant: what mutations changed (overlays of touched objects only) and the ordered log of changes.
// Untouched objects are computed from their index, so a tenant's size costs no memory.
import type { Json } from '../src/model.ts';
import { guid, refOf } from './random.ts';
import type { Kind, Ref } from './random.ts';
import { roleDefinitionCount, shapeOf } from './shape.ts';
import type { Shape, ShapeOptions } from './shape.ts';
import type { LinkRelation } from './properties.ts';

/** What mutations did to one relation of one object. `added` keeps its positions: an element taken out again becomes null. */
interface LinkOverlay {
  readonly removed: Set<string>;
  readonly added: (string | null)[];
}

/** The kinds of object that change. */
export type Changing = Writable | 'directoryRole';
/** Those that requests write. */
export type Writable = 'user' | 'group' | 'device' | 'servicePrincipal' | Requested;
/** Those of which a tenant has none but what requests made. */
type Requested = 'application' | 'administrativeUnit';

/** Properties of which no two living objects have the same value. */
export type UniqueName = 'userPrincipalName' | 'mailNickname' | 'uniqueName';

export interface Overlay {
  readonly values: Record<string, Json>;
  state: 'live' | 'soft' | 'hard';
  /** Made by a request: what was not written was never set. Without it, the rest is computed from the index. */
  blank: boolean;
  /** A digest of the password that was written last. */
  password: string | null;
  readonly links: Map<LinkRelation, LinkOverlay>;
}

export type Change =
  | { readonly what: 'properties'; readonly names: readonly string[] }
  | { readonly what: 'created' | 'deleted' | 'restored' }
  | { readonly what: 'link'; readonly relation: LinkRelation; readonly id: string; readonly present: boolean };

/** One entry of the log; its position is its sequence number, from 1. */
export interface LogEntry {
  readonly kind: Changing;
  readonly index: number;
  readonly change: Change;
}

export interface Assignment {
  readonly id: string;
  readonly role: string;
  readonly principal: string;
}

export interface AppRoleGrant {
  readonly id: string;
  readonly resource: string;
  readonly principal: string;
}

export class Tenant {
  readonly shape: Shape;
  readonly log: LogEntry[] = [];
  readonly created: Record<Changing, number> = {
    user: 0,
    group: 0,
    device: 0,
    servicePrincipal: 0,
    directoryRole: 0,
    application: 0,
    administrativeUnit: 0,
  };
  readonly overlays: Readonly<Record<Changing, Map<number, Overlay>>> = {
    user: new Map(),
    group: new Map(),
    device: new Map(),
    servicePrincipal: new Map(),
    directoryRole: new Map(),
    application: new Map(),
    administrativeUnit: new Map(),
  };
  /** Who was last given a unique name, by property; names are in lower case. What it tells MUST be checked: names change. */
  readonly named: Readonly<Record<UniqueName, Map<string, number>>> = {
    userPrincipalName: new Map(),
    mailNickname: new Map(),
    uniqueName: new Map(),
  };
  /** The groups that can hold roles, by index; null until they are looked for again. */
  roleGroups: readonly number[] | null = null;
  readonly addedAssignments: Assignment[] = [];
  readonly addedGrants: AppRoleGrant[] = [];
  /** Ids of role and app role assignments taken away. */
  readonly removedAssignments = new Set<string>();
  /** How many mutations of each deterministic mix were made, and how many assignments were added. */
  mixed = 0;
  mixedDevices = 0;
  numbered = 0;

  constructor(options: ShapeOptions) {
    this.shape = shapeOf(options);
  }

  /** Objects ever made of a kind: positions below it exist, living or not. */
  count(kind: Kind): number {
    if (kind === 'user') return this.shape.users + this.created.user;
    if (kind === 'group') return this.shape.groups + this.created.group;
    if (kind === 'servicePrincipal') return this.shape.servicePrincipals + this.created.servicePrincipal;
    // Every role has been activated: each definition has its directory role, of the same index.
    if (kind === 'roleDefinition' || kind === 'directoryRole') return roleDefinitionCount;
    if (kind === 'application' || kind === 'administrativeUnit') return this.created[kind];
    return kind === 'device' ? this.shape.devices + this.created.device : 0;
  }

  id(ref: Ref): string {
    return guid(this.shape.seed, ref.kind, ref.index);
  }

  /** The object of an id, living or deleted; null when there never was one. */
  find(id: string): Ref | null {
    const ref = refOf(this.shape.seed, id);
    return ref !== null && ref.index < this.count(ref.kind) ? ref : null;
  }

  overlay(ref: Ref): Overlay | undefined {
    return isChanging(ref.kind) ? this.overlays[ref.kind].get(ref.index) : undefined;
  }

  /** Whether it lives, is in the bin (soft), or is gone for good (hard). */
  stateOf(ref: Ref): Overlay['state'] {
    if (!isChanging(ref.kind)) return 'live';
    const overlays = this.overlays[ref.kind];
    return overlays.size === 0 ? 'live' : (overlays.get(ref.index)?.state ?? 'live');
  }

  isLive(ref: Ref): boolean {
    return this.stateOf(ref) === 'live';
  }

  /** The living object of an id, or null. */
  findLive(id: string): Ref | null {
    const ref = this.find(id);
    return ref !== null && this.isLive(ref) ? ref : null;
  }

  /** The overlay of an object, made when it has none yet. */
  touch(kind: Changing, index: number): Overlay {
    const known = this.overlays[kind].get(index);
    if (known !== undefined) return known;
    const fresh: Overlay = { values: {}, state: 'live', blank: false, password: null, links: new Map() };
    this.overlays[kind].set(index, fresh);
    return fresh;
  }

  note(kind: Changing, index: number, change: Change): void {
    this.log.push({ kind, index, change });
  }
}

const others: readonly Kind[] = ['roleDefinition', 'appRole', 'assignment', 'other'];

function isChanging(kind: Kind): kind is Changing {
  return !others.includes(kind);
}
