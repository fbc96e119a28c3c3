// What a request that made or deleted an object answers, and what it leaves behind.
import { noContent } from '../answer.ts';
import type { Answer } from '../answer.ts';
import type { Cloud } from '../cloud.ts';
import type { Ref } from '../random.ts';
import type { Writable, Overlay } from '../tenant.ts';
import { writer } from '../views.ts';

const collections: Readonly<Record<Writable, string>> = {
  user: 'users',
  group: 'groups',
  device: 'devices',
  servicePrincipal: 'servicePrincipals',
  application: 'applications',
  administrativeUnit: 'directory/administrativeUnits',
};

/** 201 with the default properties; from now on the object is on its way to all replicas. */
export function created(cloud: Cloud, kind: Writable, id: string, finish?: (overlay: Overlay) => void): Answer {
  const ref = cloud.tenant.find(id);
  if (ref === null) throw new Error('What was made is not there.');
  finish?.(cloud.tenant.touch(kind, ref.index));
  cloud.replication.begin(id);
  return {
    status: 201,
    headers: { location: `${cloud.origin()}/v1.0/${collections[kind]}/${id}` },
    body: {
      '@odata.context': `${cloud.origin()}/v1.0/$metadata#${collections[kind]}/$entity`,
      ...writer(cloud.tenant, kind, null).whole(ref.index),
    },
  };
}

/** 204; what is in the bin shows since when. */
export function deleted(cloud: Cloud, ref: Ref): Answer {
  const overlay = cloud.tenant.overlay(ref);
  if (overlay?.state === 'soft') overlay.values['deletedDateTime'] = `${new Date(cloud.now()).toISOString().slice(0, 19)}Z`;
  return noContent;
}
