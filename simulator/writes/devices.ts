// Devices changed and deleted by requests. An app cannot make one: that takes a user.
// Source: learn.microsoft.com/graph/api/{device-post-devices,device-update,device-delete}
import { noContent, requestDenied } from '../answer.ts';
import type { Answer } from '../answer.ts';
import type { Cloud } from '../cloud.ts';
import { seen } from '../keys.ts';
import { remove, update } from '../mutations.ts';
import { property } from '../views.ts';
import { deleted } from './answers.ts';
import { bodyOf, textOf } from './body.ts';
import type { Write } from './body.ts';
import { demand } from './grants.ts';
import { checkValues, mergedAttributes } from './writable.ts';

/** `POST /devices`: application permissions are not supported. */
export function createDevice(): Answer {
  throw requestDenied();
}

/** Written by the device's manager only. */
const managed = ['isCompliant', 'isManaged'];

/** `PATCH /devices/{id}` or `/devices(deviceId='…')` */
export function updateDevice(cloud: Cloud, write: Write, key: string): Answer {
  demand(write.roles, 'updateDevice');
  const values = bodyOf(write);
  const ref = seen(cloud, 'device', key);
  checkValues('device', values);
  if (managed.some((name) => values[name] !== undefined)) throw requestDenied();
  const { extensionAttributes, ...set } = values;
  if (extensionAttributes !== undefined) {
    // A known issue: an app cannot write them on Linux.
    if (textOf(property(cloud.tenant, ref, 'operatingSystem')).toLowerCase() === 'linux') throw requestDenied();
    const before = property(cloud.tenant, ref, 'extensionAttributes');
    set['extensionAttributes'] = mergedAttributes('device', 'extensionAttributes', before, extensionAttributes);
  }
  if (Object.keys(set).length > 0) update(cloud.tenant, 'device', cloud.tenant.id(ref), set);
  return noContent;
}

/** `DELETE /devices/{id}`: there is no bin for devices. */
export function deleteDevice(cloud: Cloud, write: Write, key: string): Answer {
  demand(write.roles, 'updateDevice');
  const ref = seen(cloud, 'device', key);
  remove(cloud.tenant, 'device', cloud.tenant.id(ref), true);
  return deleted(cloud, ref);
}
