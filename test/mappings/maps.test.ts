// The built-in maps, each with every source field distinct, so that a slip of one row shows.
import { compiledMap, builtInMap, builtInMaps } from '../../src/mappings/maps/index.ts';
import { compile } from '../../src/mappings/engine.ts';
import { defenderTables } from './defenderTables.ts';
import type { TransformMap } from '../../src/mappings/map.ts';

// The tables of documents 000, 001 and 002 as printed: source field, target field. A function's row gives the field it looks up. Document 001 prints its
// last three sources without `groupInfo[]`. User groups have the table of decision 38.
const tables: Record<string, [string, string][]> = {
  ...defenderTables,
  'entra-identity/groups': [
    ['id', 'asset.assetHeader.externalAssetId'],
    ['id', 'asset.assetHeader.vendorAssetId'],
    ['displayName', 'asset.assetDetail.name'],
    ['id', 'asset.assetDetail.groupAssetClass.id'],
    ['displayName', 'asset.assetDetail.groupAssetClass.name'],
    ['displayName', 'asset.assetDetail.groupAssetClass.displayName'],
    ['visibility', 'asset.assetDetail.groupAssetClass.visibility'],
    ['description', 'asset.assetDetail.groupAssetClass.description'],
    ['appRoleAssignments.value[].id', 'asset.assetDetail.groupAssetClass.permissions[].id'],
    ['appRoleAssignments.value[].principalDisplayName', 'asset.assetDetail.groupAssetClass.permissions[].name'],
    ['appRoleAssignments.value[].resourceDisplayName', 'asset.assetDetail.groupAssetClass.permissions[].resource'],
    ['memberOf.value[].id', 'asset.assetRelations[].assetHeader.externalAssetId'],
    ['memberOf.value[].id', 'asset.assetRelations[].assetHeader.vendorAssetId'],
    ['memberOf.value[].displayName', 'asset.assetRelations[].assetDetail.name'],
    ['memberOf.value[].id', 'asset.assetRelations[].assetDetail.roleAssetClass.id'],
    ['memberOf.value[].description', 'asset.assetRelations[].assetDetail.roleAssetClass.description'],
    ['memberOf.value[].displayName', 'asset.assetRelations[].assetDetail.roleAssetClass.displayName'],
    ['memberOf.value[].displayName', 'asset.assetRelations[].assetDetail.roleAssetClass.name'],
  ],
  'entra-identity/users': [
    ['userPrincipalName', 'asset.assetHeader.externalAssetId'],
    ['id', 'asset.assetHeader.vendorAssetId'],
    ['accountEnabled', 'asset.assetHeader.status'],
    ['id', 'asset.assetDetail.userAssetClass.id'],
    ['displayName', 'asset.assetDetail.userAssetClass.name'],
    ['displayName', 'asset.assetDetail.name'],
    ['accountEnabled', 'asset.assetDetail.userAssetClass.status'],
    ['mail', 'asset.assetDetail.userAssetClass.email'],
    ['givenName', 'asset.assetDetail.userAssetClass.firstName'],
    ['surname', 'asset.assetDetail.userAssetClass.lastName'],
    ['displayName', 'asset.assetDetail.userAssetClass.displayName'],
    ['mobilePhone', 'asset.assetDetail.userAssetClass.phone'],
    ['jobTitle', 'asset.assetDetail.userAssetClass.jobTitle'],
    ['lastPasswordChangeDateTime', 'asset.assetDetail.userAssetClass.passwordLastChangedAt'],
    ['streetAddress', 'asset.assetDetail.userAssetClass.currentAddress.streetAddress'],
    ['state', 'asset.assetDetail.userAssetClass.currentAddress.state'],
    ['city', 'asset.assetDetail.userAssetClass.currentAddress.city'],
    ['country', 'asset.assetDetail.userAssetClass.currentAddress.country'],
    ['postalCode', 'asset.assetDetail.userAssetClass.currentAddress.isoCode'],
    ['appRoleAssignments.value[].id', 'asset.assetDetail.userAssetClass.permissions[].id'],
    ['appRoleAssignments.value[].principalDisplayName', 'asset.assetDetail.userAssetClass.permissions[].name'],
    ['appRoleAssignments.value[].resourceDisplayName', 'asset.assetDetail.userAssetClass.permissions[].resource'],
    ['memberOf.value[].id', 'asset.assetRelations[].assetHeader.externalAssetId'],
    ['memberOf.value[].id', 'asset.assetRelations[].assetHeader.vendorAssetId'],
    ['memberOf.value[].uniqueName', 'asset.assetRelations[].assetHeader.name'],
    ['memberOf.value[].id', 'asset.assetRelations[].assetDetail.groupAssetClass.id'],
    ['memberOf.value[].uniqueName', 'asset.assetRelations[].assetDetail.groupAssetClass.name'],
    ['memberOf.value[].displayName', 'asset.assetRelations[].assetDetail.groupAssetClass.displayName'],
    ['memberOf.value[].visibility', 'asset.assetRelations[].assetDetail.groupAssetClass.visibility'],
    ['memberOf.value[].description', 'asset.assetRelations[].assetDetail.groupAssetClass.description'],
  ],
  'entra-identity/roles': [
    ['id', 'asset.assetHeader.externalAssetId'],
    ['id', 'asset.assetHeader.vendorAssetId'],
    ['accountEnabled', 'asset.assetHeader.status'],
    ['displayName', 'asset.assetDetail.name'],
    ['id', 'asset.assetDetail.roleAssetClass.id'],
    ['displayName', 'asset.assetDetail.roleAssetClass.name'],
    ['displayName', 'asset.assetDetail.roleAssetClass.displayName'],
    ['description', 'asset.assetDetail.roleAssetClass.description'],
  ],
  'entra-directory-sync/users': [
    ['id', 'identityProviderId'],
    ['id', 'userData.userDetails.externalId'],
    ['id', 'externalId'],
    ['id', 'userData.userDetails.apiExternalId'],
    ['mail', 'userData.userDetails.emailId'],
    ['userPrincipalName', 'userData.userDetails.userPrincipalName'],
    ['groupInfo[].idpGroup', 'groupInfo[].idpGroup'],
    ['groupInfo[].qualysGroups', 'groupInfo[].qualysGroupUUID'],
    ['givenName', 'userData.userDetails.givenName'],
    ['surname', 'userData.userDetails.lastName'],
    ['displayName', 'userData.userDetails.displayName'],
    ['streetAddress', 'userData.userDetails.address'],
    ['country', 'userData.userDetails.country'],
    ['displayName', 'userData.userDetails.username'],
    ['jobTitle', 'userData.userDetails.title'],
    ['eventType', 'eventType'],
    ['preferredLanguage', 'userData.userDetails.language'],
    ['notification.*', 'userData.notification'],
    ['groupInfo[].classification', 'groupInfo[].classification'],
    ['groupInfo[].groupDisplayName', 'groupInfo[].customAttributes.groupDisplayName'],
    ['groupInfo[].groupUniqueName', 'groupInfo[].customAttributes.uniqueName'],
  ],
  'entra-directory-sync/groups': [
    ['id', 'id'],
    ['displayName', 'displayName'],
    ['uniqueName', 'uniqueName'],
    ['classification', 'classification'],
    ['qualysGroups', 'qualysGroupUUID'],
    ['members', 'members'],
  ],
  'entra-devices/devices': [
    ['id', 'asset.assetHeader.externalAssetId'],
    ['id', 'asset.assetHeader.vendorAssetId'],
    ['displayName', 'asset.assetDetail.name'],
    ['operatingSystem', 'asset.assetDetail.hostAssetClass.operatingSystem'],
    ['operatingSystemVersion', 'asset.assetDetail.hostAssetClass.operatingSystemVersion'],
    ['isCompliant', 'asset.assetDetail.untypedAttributes.entraDeviceIsCompliant'],
    ['isManaged', 'asset.assetDetail.untypedAttributes.entraDeviceIsManaged'],
    ['deviceId', 'asset.assetDetail.typedAttributes.entraDeviceId'],
    ['trustType', 'asset.assetDetail.typedAttributes.entraDeviceTrustType'],
    ['approximateLastSignInDateTime', 'asset.assetDetail.typedAttributes.entraDeviceLastSignIn'],
  ],
};

test.each(builtInMaps.map((map) => [map.name, map] as const))(
  '%s follows its table row by row; what is ours comes after it and is off',
  (name, map) => {
    const documented = map.rows.filter((row) => row.ours === undefined);
    expect(documented.map((row) => [row.fn?.name === 'CONSTANT' ? `CONSTANT: ${String(row.fn.value)}` : row.from, row.to])).toEqual(
      tables[name] ?? [],
    );
    expect(map.rows.slice(0, documented.length)).toEqual(documented);
    for (const row of map.rows) expect(row.off).toBe(row.ours);
  },
);

test('what document 002 calls required is, and nothing else', () => {
  const required = builtInMaps.flatMap((map) => map.rows.filter((row) => row.required === true).map((row) => [map.name, row.to]));
  expect(required).toEqual([
    ['entra-devices/devices', 'asset.assetHeader.externalAssetId'],
    ['entra-devices/devices', 'asset.assetHeader.vendorAssetId'],
    ['entra-devices/devices', 'asset.assetDetail.name'],
  ]);
});

// Stored assets are bound to these: another hash would map a whole inventory again.
test('the hashes of the maps of document 000 are those they were stored with', () => {
  const hashes = Object.fromEntries(builtInMaps.filter((map) => map.document === '000').map(({ name }) => [name, compiledMap(name).hash]));
  expect(hashes).toEqual({
    'entra-identity/users': 'c70351db37f7ffd5222898e73b95daaa82c1c68f75a33c5cece465a67b74433c',
    'entra-identity/groups': 'def5cef192a3a9371dd5279ba639c269311e271f2d3bd95f50bbdab955855816',
    'entra-identity/roles': 'ba9cf73f971556a22fab6ca6cb5e07aa92afe89411c59bcc10171f79c9deea81',
  });
});

const group = '#microsoft.graph.group';
const role = '#microsoft.graph.directoryRole';
const assignment = '#microsoft.graph.appRoleAssignment';

const user = {
  id: 'u-id',
  userPrincipalName: 'u-upn',
  accountEnabled: true,
  displayName: 'u-displayName',
  mail: 'u-mail',
  givenName: 'u-givenName',
  surname: 'u-surname',
  mobilePhone: 'u-mobilePhone',
  jobTitle: 'u-jobTitle',
  lastPasswordChangeDateTime: 'u-lastPasswordChangeDateTime',
  streetAddress: 'u-streetAddress',
  state: 'u-state',
  city: 'u-city',
  country: 'u-country',
  postalCode: 'u-postalCode',
  userType: 'u-userType',
  createdDateTime: 'u-createdDateTime',
  employeeId: 'u-employeeId',
  department: 'u-department',
  onPremisesSyncEnabled: 'u-onPremisesSyncEnabled',
};
const groupRecord = {
  id: 'g-id',
  displayName: 'g-displayName',
  uniqueName: 'g-uniqueName',
  visibility: 'g-visibility',
  description: 'g-description',
  groupTypes: ['g-type-1', 'g-type-2'],
  securityEnabled: 'g-securityEnabled',
  mailEnabled: 'g-mailEnabled',
};
const roleRecord = { id: 'r-id', displayName: 'r-displayName', description: 'r-description', isEnabled: true };
const relations = {
  memberOf: [
    { ...groupRecord, '@odata.type': group },
    { ...roleRecord, '@odata.type': role },
  ],
  appRoleAssignments: [{ '@odata.type': assignment, id: 'a-id', principalDisplayName: 'a-principal', resourceDisplayName: 'a-resource' }],
};
const permissions = [{ id: 'a-id', name: 'a-principal', resource: 'a-resource' }];
const groupRelation = {
  assetHeader: { externalAssetId: 'g-id', vendorAssetId: 'g-id', name: 'g-uniqueName' },
  assetDetail: {
    groupAssetClass: {
      id: 'g-id',
      name: 'g-uniqueName',
      displayName: 'g-displayName',
      visibility: 'g-visibility',
      description: 'g-description',
    },
  },
};
const roleRelation = {
  assetHeader: { externalAssetId: 'r-id', vendorAssetId: 'r-id' },
  assetDetail: {
    name: 'r-displayName',
    roleAssetClass: { id: 'r-id', name: 'r-displayName', displayName: 'r-displayName', description: 'r-description' },
  },
};
const userDetail = {
  id: 'u-id',
  name: 'u-displayName',
  status: 'ACTIVE',
  email: 'u-mail',
  firstName: 'u-givenName',
  lastName: 'u-surname',
  displayName: 'u-displayName',
  phone: 'u-mobilePhone',
  jobTitle: 'u-jobTitle',
  passwordLastChangedAt: 'u-lastPasswordChangeDateTime',
  currentAddress: { streetAddress: 'u-streetAddress', state: 'u-state', city: 'u-city', country: 'u-country', isoCode: 'u-postalCode' },
};
const userHeader = { externalAssetId: 'u-upn', vendorAssetId: 'u-id', status: 'ACTIVE' };
const groupDetail = {
  id: 'g-id',
  name: 'g-displayName',
  displayName: 'g-displayName',
  visibility: 'g-visibility',
  description: 'g-description',
};

describe('with every source field distinct', () => {
  test('a user', () => {
    const map = compiledMap('entra-identity/users');
    const alone = { asset: { assetHeader: userHeader, assetDetail: { name: 'u-displayName', userAssetClass: userDetail } } };
    expect(map.document(user)).toEqual(alone);
    expect(map.relate(map.document(user), relations)).toEqual({
      asset: {
        assetHeader: userHeader,
        assetDetail: { name: 'u-displayName', userAssetClass: { ...userDetail, permissions } },
        assetRelations: [groupRelation],
      },
    });
  });

  test('a group', () => {
    const map = compiledMap('entra-identity/groups');
    const assetHeader = { externalAssetId: 'g-id', vendorAssetId: 'g-id' };
    expect(map.document(groupRecord)).toEqual({
      asset: { assetHeader, assetDetail: { name: 'g-displayName', groupAssetClass: groupDetail } },
    });
    expect(map.relate(map.document(groupRecord), relations)).toEqual({
      asset: {
        assetHeader,
        assetDetail: { name: 'g-displayName', groupAssetClass: { ...groupDetail, permissions } },
        assetRelations: [roleRelation],
      },
    });
  });

  test('a role', () => {
    const map = compiledMap('entra-identity/roles');
    const whole = {
      asset: {
        assetHeader: { externalAssetId: 'r-id', vendorAssetId: 'r-id', status: 'ACTIVE' },
        assetDetail: {
          name: 'r-displayName',
          roleAssetClass: { id: 'r-id', name: 'r-displayName', displayName: 'r-displayName', description: 'r-description' },
        },
      },
    };
    expect(map.document(roleRecord)).toEqual(whole);
    expect(map.relate(map.document(roleRecord), relations)).toEqual(whole);
  });

  test('a device', () => {
    const device = {
      id: 'd-id',
      displayName: 'd-displayName',
      operatingSystem: 'd-operatingSystem',
      operatingSystemVersion: 'd-operatingSystemVersion',
      isCompliant: 'd-isCompliant',
      isManaged: 'd-isManaged',
      deviceId: 'd-deviceId',
      trustType: 'd-trustType',
      approximateLastSignInDateTime: 'd-approximateLastSignInDateTime',
    };
    expect(compiledMap('entra-devices/devices').document(device)).toEqual({
      asset: {
        assetHeader: { externalAssetId: 'd-id', vendorAssetId: 'd-id' },
        assetDetail: {
          name: 'd-displayName',
          hostAssetClass: { operatingSystem: 'd-operatingSystem', operatingSystemVersion: 'd-operatingSystemVersion' },
          untypedAttributes: { entraDeviceIsCompliant: 'd-isCompliant', entraDeviceIsManaged: 'd-isManaged' },
          typedAttributes: {
            entraDeviceId: 'd-deviceId',
            entraDeviceTrustType: 'd-trustType',
            entraDeviceLastSignIn: 'd-approximateLastSignInDateTime',
          },
        },
      },
    });
  });

  test('a user of Directory Sync, and one that left its last group', () => {
    const map = compiledMap('entra-directory-sync/users');
    const read = { ...user, preferredLanguage: 'u-preferredLanguage' };
    const element = {
      idpGroup: 'i-idpGroup',
      qualysGroups: ['i-target-1', 'i-target-2'],
      classification: 'i-classification',
      groupDisplayName: 'i-groupDisplayName',
      groupUniqueName: 'i-groupUniqueName',
    };
    const own = {
      identityProviderId: 'u-id',
      externalId: 'u-id',
      userData: {
        userDetails: {
          externalId: 'u-id',
          apiExternalId: 'u-id',
          emailId: 'u-mail',
          userPrincipalName: 'u-upn',
          givenName: 'u-givenName',
          lastName: 'u-surname',
          displayName: 'u-displayName',
          address: 'u-streetAddress',
          country: 'u-country',
          username: 'u-displayName',
          title: 'u-jobTitle',
          language: 'u-preferredLanguage',
        },
      },
    };
    expect(map.document(read)).toEqual(own);
    const given = { groupInfo: [element], notification: { a: { b: 1 } }, eventType: 'UPDATED' };
    expect(map.relate(own, given)).toEqual({
      ...own,
      userData: { ...own.userData, notification: { a: { b: 1 } } },
      groupInfo: [
        {
          idpGroup: 'i-idpGroup',
          qualysGroupUUID: ['i-target-1', 'i-target-2'],
          classification: 'i-classification',
          customAttributes: { groupDisplayName: 'i-groupDisplayName', uniqueName: 'i-groupUniqueName' },
        },
      ],
      eventType: 'UPDATED',
    });
    expect(map.relate(own, { groupInfo: [], eventType: 'DELETED' })).toEqual({ ...own, groupInfo: [], eventType: 'DELETED' });
    expect(map.reads.own).not.toEqual(expect.arrayContaining(['notification']));
  });

  test('a group of Directory Sync', () => {
    const map = compiledMap('entra-directory-sync/groups');
    const read = { ...groupRecord, classification: 'g-classification' };
    expect(map.relate(map.document(read), { qualysGroups: ['q-1'], members: 7 })).toEqual({
      id: 'g-id',
      displayName: 'g-displayName',
      uniqueName: 'g-uniqueName',
      classification: 'g-classification',
      qualysGroupUUID: ['q-1'],
      members: 7,
    });
  });

  const switchedOn = (map: TransformMap) => compile({ ...map, rows: map.rows.map(({ off: _off, ...row }) => row) });

  test('a user, with our rows on', () => {
    const map = switchedOn(builtInMap('entra-identity/users'));
    const inherited = {
      '@odata.type': '#tidemark.inheritedAppRoleAssignment',
      id: 'i-id',
      principalDisplayName: 'i-principal',
      resourceDisplayName: 'i-resource',
    };
    const related = { ...relations, appRoleAssignments: [...relations.appRoleAssignments, inherited] };
    expect(map.relate(map.document(user), related)).toEqual({
      asset: {
        assetHeader: userHeader,
        assetDetail: {
          name: 'u-displayName',
          userAssetClass: {
            ...userDetail,
            userType: 'u-userType',
            createdDateTime: 'u-createdDateTime',
            employeeId: 'u-employeeId',
            department: 'u-department',
            onPremisesSyncEnabled: 'u-onPremisesSyncEnabled',
            permissions: [...permissions, { id: 'i-id', name: 'i-principal', resource: 'i-resource' }],
          },
        },
        assetRelations: [groupRelation, roleRelation],
      },
    });
  });

  test('a group, with our rows on', () => {
    const map = switchedOn(builtInMap('entra-identity/groups'));
    const parent = { ...relations.memberOf[0], id: 'p-id' };
    expect(map.relate(map.document(groupRecord), { memberOf: [relations.memberOf[1] ?? {}, parent] })).toEqual({
      asset: {
        assetHeader: { externalAssetId: 'g-id', vendorAssetId: 'g-id' },
        assetDetail: {
          name: 'g-displayName',
          groupAssetClass: {
            ...groupDetail,
            groupTypes: ['g-type-1', 'g-type-2'],
            securityEnabled: 'g-securityEnabled',
            mailEnabled: 'g-mailEnabled',
          },
        },
        assetRelations: [
          roleRelation,
          {
            assetHeader: { ...groupRelation.assetHeader, externalAssetId: 'p-id', vendorAssetId: 'p-id' },
            assetDetail: { groupAssetClass: { ...groupRelation.assetDetail.groupAssetClass, id: 'p-id' } },
          },
        ],
      },
    });
  });
});

test.each([
  [{ accountEnabled: true }, 'ACTIVE'],
  [{ accountEnabled: false }, 'INACTIVE'],
  [{ accountEnabled: null }, 'UNKNOWN'],
  [{}, 'UNKNOWN'],
])('a user with %j is %s', (record, status) => {
  expect(compiledMap('entra-identity/users').document(record)).toEqual({
    asset: { assetHeader: { status }, assetDetail: { userAssetClass: { status } } },
  });
});

test.each([
  [{ isEnabled: true }, 'ACTIVE'],
  [{ isEnabled: false }, 'UNKNOWN'],
  [{}, 'UNKNOWN'],
  [{ accountEnabled: true, isEnabled: false }, 'ACTIVE'],
  [{ accountEnabled: false, isEnabled: true }, 'UNKNOWN'],
  [{ accountEnabled: null, isEnabled: true }, 'ACTIVE'],
])('a role with %j is %s', (record, status) => {
  expect(compiledMap('entra-identity/roles').document(record)).toEqual({ asset: { assetHeader: { status } } });
});

test('uniqueName is kept as it is: null for most groups, and then not there', () => {
  const related = compiledMap('entra-identity/users').relate(
    {},
    { memberOf: [{ '@odata.type': group, id: 'g', uniqueName: null, displayName: 'G' }] },
  );
  expect(related).toEqual({
    asset: {
      assetRelations: [
        { assetHeader: { externalAssetId: 'g', vendorAssetId: 'g' }, assetDetail: { groupAssetClass: { id: 'g', displayName: 'G' } } },
      ],
    },
  });
});

test('an unknown map is refused with the names of the known ones', () => {
  expect(() => builtInMap('entra-identity/user')).toThrow(
    expect.objectContaining({
      code: 'CONFIG_INVALID',
      hint: expect.stringMatching(
        /^Built-in maps: entra-identity\/users, entra-identity\/groups, .*, defender-for-cloud\/named-functions\.$/,
      ),
    }),
  );
});

test('mapping a user costs little beside parsing its JSON, so a pull never waits for it', () => {
  const map = compiledMap('entra-identity/users');
  const text = JSON.stringify(user);
  // A ratio, and the best of several: other work shares the processor.
  const bestMs = (work: () => unknown): number =>
    Math.min(
      ...Array.from({ length: 10 }, () => {
        const startedAt = performance.now();
        for (let index = 0; index < 10_000; index += 1) work();
        return performance.now() - startedAt;
      }),
    );
  expect(bestMs(() => map.document(user)) / bestMs(() => JSON.parse(text))).toBeLessThan(3);
});
