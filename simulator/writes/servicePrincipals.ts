// Service principals made, changed and deleted by requests.
// Source: learn.microsoft.com/graph/api/{serviceprincipal-post-serviceprincipals,serviceprincipal-update,serviceprincipal-delete}
import { Refusal, badRequest, noContent } from '../answer.ts';
import type { Answer } from '../answer.ts';
import type { Cloud } from '../cloud.ts';
import { filtered } from '../filters.ts';
import { seen } from '../keys.ts';
import { create, remove, update } from '../mutations.ts';
import { created, deleted } from './answers.ts';
import { bodyOf, missingValue, textOf } from './body.ts';
import type { Write } from './body.ts';
import { demand } from './grants.ts';
import { checkValues } from './writable.ts';

/** `POST /servicePrincipals`: one for each application. */
export function createPrincipal(cloud: Cloud, write: Write): Answer {
  demand(write.roles, 'servicePrincipals');
  const values = bodyOf(write);
  checkValues('servicePrincipal', values);
  const appId = textOf(values['appId']);
  if (appId === '') throw missingValue('servicePrincipal', 'appId');
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(appId)) throw badRequest(`The appId '${appId}' is not valid.`);
  if (filtered(cloud, 'servicePrincipal', `appId eq '${appId}'`).next().done !== true) {
    throw new Refusal(409, 'Request_MultipleObjectsWithSameKeyValue', `The service principal name ${appId} is already in use.`);
  }
  const made = { servicePrincipalType: 'Application', accountEnabled: true, servicePrincipalNames: [appId], ...values };
  return created(cloud, 'servicePrincipal', create(cloud.tenant, 'servicePrincipal', made, true));
}

/** `PATCH /servicePrincipals/{id}` */
export function updatePrincipal(cloud: Cloud, write: Write, key: string): Answer {
  demand(write.roles, 'servicePrincipals');
  const values = bodyOf(write);
  const ref = seen(cloud, 'servicePrincipal', key);
  checkValues('servicePrincipal', values);
  if (values['appId'] !== undefined) throw badRequest("Property 'appId' is read-only and cannot be set.");
  if (Object.keys(values).length > 0) update(cloud.tenant, 'servicePrincipal', cloud.tenant.id(ref), values);
  return noContent;
}

/** `DELETE /servicePrincipals/{id}`: into the bin. */
export function deletePrincipal(cloud: Cloud, write: Write, key: string): Answer {
  demand(write.roles, 'servicePrincipals');
  const ref = seen(cloud, 'servicePrincipal', key);
  remove(cloud.tenant, 'servicePrincipal', cloud.tenant.id(ref), false);
  return deleted(cloud, ref);
}
