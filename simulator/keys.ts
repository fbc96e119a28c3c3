// Objects by what stands in a path: an id, a user's principal name, or an alternate key as in `devices(deviceId='…')`.
import { badRequest, notFound } from './answer.ts';
import type { Cloud } from './cloud.ts';
import { deviceOf } from './devices.ts';
import type { Kind, Ref } from './random.ts';
import type { Tenant } from './tenant.ts';
import { holderOf } from './uniques.ts';
import { property } from './views.ts';

/** `groups(uniqueName='a')` is written as `groups/(uniqueName='a')`, so that a path has one segment for a key. */
export function withKeySegment(path: string): string {
  return path.replace(/^(users|groups|devices)(?=\()/, '$1/');
}

/** The name and value of an alternate key; null for an id. */
export function alternateKey(key: string): { readonly name: string; readonly value: string } | null {
  const found = /^\((\w+)='((?:[^']|'')*)'\)$/.exec(key);
  return found === null ? null : { name: found[1] ?? '', value: (found[2] ?? '').replaceAll("''", "'") };
}

/** The living object of a kind that a key names, or null. Replication does not matter here. */
export function findByKey(tenant: Tenant, kind: Kind, key: string): Ref | null {
  const alternate = alternateKey(key);
  if (alternate !== null) return findByAlternate(tenant, kind, alternate.name, alternate.value);
  const ref = tenant.findLive(key);
  if (ref !== null) return ref.kind === kind ? ref : null;
  return kind === 'user' ? holderOf(tenant, 'userPrincipalName', key) : null;
}

function findByAlternate(tenant: Tenant, kind: Kind, name: string, value: string): Ref | null {
  if (kind === 'user' && name === 'userPrincipalName') return holderOf(tenant, name, value);
  if (kind === 'group' && name === 'uniqueName') return holderOf(tenant, name, value);
  if (kind === 'device' && name === 'deviceId') {
    const ref = deviceOf(tenant.shape.seed, value);
    return ref !== null && ref.index < tenant.count('device') && tenant.isLive(ref) && property(tenant, ref, name) !== null ? ref : null;
  }
  throw badRequest(`'${name}' is not a key of this resource.`, 'BadRequest');
}

/** The object a request names. Throws 404 when there is none, or when this request does not see it yet. */
export function seen(cloud: Cloud, kind: Kind, key: string): Ref {
  const ref = findByKey(cloud.tenant, kind, key);
  if (ref === null || cloud.replication.hides(cloud.tenant.id(ref))) throw notFound(key);
  return ref;
}
