// Which attributes Identity Manager may export (document 003): properties that a list and a delta query give, and directory extensions.
import type { SourceModel } from '../models/model.ts';
import { directoryRole, group, servicePrincipal, user } from '../models/graph.ts';
import { suggestion } from '../suggest.ts';

export const entityTypes = ['user', 'group', 'directoryRole', 'servicePrincipal'] as const;
export type EntityType = (typeof entityTypes)[number];

const models: Readonly<Record<EntityType, SourceModel>> = { user, group, directoryRole, servicePrincipal };

/** https://learn.microsoft.com/graph/extensibility-overview#directory-microsoft-entra-id-extensions */
export const directoryExtension = /^extension_[0-9a-f]{32}_[A-Za-z]\w{0,255}$/i;
/** Those that have directory extensions of the entities exported. */
const extended: readonly EntityType[] = ['user', 'group'];
/** https://learn.microsoft.com/graph/extensibility-overview#schema-extensions: `ext` and eight characters, or a verified domain. */
const schemaExtension = /^ext[a-z0-9]{8}_\w+$|^[a-z0-9]+_(?=[A-Za-z])\w+$/;

/**
 * What Microsoft's pages mark as "supported only on the Get … API": it stays outside the directory, and no list and no delta query gives it.
 * https://learn.microsoft.com/graph/api/resources/user#properties, https://learn.microsoft.com/graph/api/resources/group#properties
 */
const getOnly: Readonly<Partial<Record<EntityType, readonly string[]>>> = {
  user: [
    'aboutMe',
    'birthday',
    'hireDate',
    'interests',
    'mailboxSettings',
    'mySite',
    'pastProjects',
    'preferredName',
    'responsibilities',
    'schools',
    'skills',
  ],
  group: [
    'allowExternalSenders',
    'autoSubscribeNewMembers',
    'hideFromAddressLists',
    'hideFromOutlookClients',
    'isArchived',
    'isSubscribedByMail',
    'unseenCount',
  ],
};

/** Why an attribute cannot be exported of these entities; null when it can. */
export function attributeFault(name: string, entities: readonly EntityType[]): string | null {
  if (entities.some((entity) => Object.hasOwn(models[entity].fields, name))) return null;
  if (directoryExtension.test(name)) {
    return entities.some((entity) => extended.includes(entity))
      ? null
      : `is a directory extension, which only ${extended.join(' and ')} have`;
  }
  const owner = entityTypes.find((entity) => getOnly[entity]?.includes(name));
  if (owner !== undefined) return `is supported only on the Get ${owner} API: no list and no change gives it, so it cannot be exported`;
  if (schemaExtension.test(name))
    return 'is a Graph schema extension, which is not supported; directory extensions (extension_APPID_NAME) are';
  const known = entities.flatMap((entity) => Object.keys(models[entity].fields));
  return `is not a property of ${entities.join(', ')}${suggestion(name, known)}`;
}
