// Container groups, one object for each container. Values of environment variables often are secrets: only names are kept unless values are asked for,
// and of the rest only what is listed here.
import type { Json, JsonObject } from '../../model.ts';
import { isObject } from '../read.ts';
import { at, list, present, text } from './fields.ts';
import { parseImage } from './imageReference.ts';
import { externalTags, type FromRow, normalise, type Normalised, refused } from './rows.ts';

export function containerInstances(values: boolean): (rows: readonly JsonObject[]) => Normalised {
  return (rows) => normalise(rows, (row, id) => fromGroup(row, id, values));
}

function fromGroup(row: JsonObject, groupId: string, values: boolean): FromRow {
  const properties = at(row, 'properties');
  const containers = at(properties, 'containers');
  if (!Array.isArray(containers)) return refused('properties.containers is missing');
  const objects: JsonObject[] = [];
  let reason: string | undefined;
  const group = {
    resourceId: row['id'] ?? null,
    groupId,
    externalTags: externalTags(row['tags']),
  };
  containers.forEach((container, index) => {
    const name = text(at(container, 'name'));
    if (name === undefined) {
      reason ??= `properties.containers[${index}].name is missing`;
      return;
    }
    objects.push({
      ...row,
      ...group,
      id: `${groupId}/containers/${name.toLowerCase()}`,
      ...imageOf(container),
      properties: { ...picked(properties, groupKeys), container: { name, properties: containerOf(at(container, 'properties'), values) } },
    });
  });
  return reason === undefined ? { objects } : { objects, reason };
}

const groupKeys = ['osType', 'restartPolicy', 'provisioningState', 'ipAddress', 'sku'];
const containerKeys = ['image', 'ports', 'resources'];

function picked(from: Json | undefined, keys: readonly string[]): JsonObject {
  return present(Object.fromEntries(keys.map((key) => [key, at(from, key)])));
}

function containerOf(properties: Json | undefined, values: boolean): JsonObject {
  const state = at(properties, 'instanceView', 'currentState');
  return present({
    ...picked(properties, containerKeys),
    environmentVariables: list(at(properties, 'environmentVariables')).flatMap((variable) => environmentVariable(variable, values)),
    instanceView: isObject(state) ? { currentState: state } : undefined,
  });
}

/** `secureValue` is never kept. */
function environmentVariable(variable: Json, values: boolean): JsonObject[] {
  const name = at(variable, 'name');
  if (name === undefined) return [];
  const value = values ? at(variable, 'value') : undefined;
  return [value === undefined ? { name } : { name, value }];
}

/** Decision 49. */
function imageOf(container: Json): JsonObject {
  const image = parseImage(text(at(container, 'properties', 'image')) ?? '');
  if (image === undefined) return {};
  return { imageName: image.repository, imageRegistry: image.registry, imageTagOrDigest: image.digest ?? image.tag ?? 'latest' };
}
