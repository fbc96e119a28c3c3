// The properties of the directory's types as documented: which exist, which come without $select, which are collections.
// Source: learn.microsoft.com/graph/api/resources/{user,group,device,serviceprincipal,application,administrativeunit,directoryrole,unifiedroledefinition,unifiedroleassignment}

export interface TypeDefinition {
  readonly type: string;
  readonly all: ReadonlySet<string>;
  readonly byDefault: readonly string[];
  /** Sent as `[]`, not null, when never set. */
  readonly collections: ReadonlySet<string>;
  /** Kept outside the directory: a list refuses to select them. */
  readonly elsewhere: ReadonlySet<string>;
}

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

const userDefault = words(
  'businessPhones displayName givenName jobTitle mail mobilePhone officeLocation preferredLanguage surname userPrincipalName id',
);
const userElsewhere = words(
  'aboutMe birthday hireDate interests mailboxSettings mySite pastProjects preferredName responsibilities schools skills',
);
const userMore =
  words(`accountEnabled ageGroup assignedLicenses assignedPlans city companyName consentProvidedForMinor country createdDateTime
  creationType deletedDateTime department employeeHireDate employeeId employeeLeaveDateTime employeeOrgData employeeType externalUserState
  externalUserStateChangeDateTime faxNumber identities imAddresses isManagementRestricted isResourceAccount lastPasswordChangeDateTime
  legalAgeGroupClassification licenseAssignmentStates mailNickname onPremisesDistinguishedName onPremisesDomainName
  onPremisesExtensionAttributes onPremisesImmutableId onPremisesLastSyncDateTime onPremisesProvisioningErrors onPremisesSamAccountName
  onPremisesSecurityIdentifier onPremisesSyncEnabled onPremisesUserPrincipalName otherMails passwordPolicies passwordProfile postalCode
  preferredDataLocation provisionedPlans proxyAddresses securityIdentifier serviceProvisioningErrors showInAddressList
  signInSessionsValidFromDateTime state streetAddress usageLocation userType`);
const groupDefault = words(`id deletedDateTime classification createdDateTime creationOptions description displayName expirationDateTime
  groupTypes isAssignableToRole mail mailEnabled mailNickname membershipRule membershipRuleProcessingState onPremisesDomainName
  onPremisesLastSyncDateTime onPremisesNetBiosName onPremisesSamAccountName onPremisesSecurityIdentifier onPremisesSyncEnabled
  preferredDataLocation preferredLanguage proxyAddresses renewedDateTime resourceBehaviorOptions resourceProvisioningOptions securityEnabled
  securityIdentifier theme uniqueName visibility onPremisesProvisioningErrors serviceProvisioningErrors`);
const groupMore = words('assignedLabels assignedLicenses hasMembersWithLicenseErrors isManagementRestricted licenseProcessingState');
const groupElsewhere = words('allowExternalSenders autoSubscribeNewMembers hideFromAddressLists isSubscribedByMail unseenCount');
// As a tenant answers without $select; a few of them the page does not list.
const deviceDefault = words(`id deletedDateTime accountEnabled approximateLastSignInDateTime complianceExpirationDateTime createdDateTime
  deviceCategory deviceId deviceMetadata deviceOwnership deviceVersion displayName domainName enrollmentProfileName enrollmentType
  externalSourceName isCompliant isManaged isRooted managementType manufacturer mdmAppId model onPremisesLastSyncDateTime
  onPremisesSyncEnabled operatingSystem operatingSystemVersion physicalIds profileType registrationDateTime sourceType systemLabels trustType
  extensionAttributes alternativeSecurityIds`);
const deviceMore = words('isManagementRestricted onPremisesSecurityIdentifier');
const principalDefault = words(`id deletedDateTime accountEnabled alternativeNames appDescription appDisplayName appId
  applicationTemplateId appOwnerOrganizationId appRoleAssignmentRequired createdDateTime description disabledByMicrosoftStatus displayName
  homepage loginUrl logoutUrl notes notificationEmailAddresses preferredSingleSignOnMode replyUrls servicePrincipalNames
  servicePrincipalType signInAudience tags appRoles`);
const applicationDefault = words(`id deletedDateTime appId createdDateTime description displayName identifierUris notes publisherDomain
  serviceManagementReference signInAudience tags uniqueName`);
const unitDefault = words('id deletedDateTime description displayName membershipRule membershipType visibility');
const roleDefault = words('id deletedDateTime description displayName roleTemplateId');
const definitionDefault = words(
  'id description displayName isBuiltIn isEnabled resourceScopes templateId version rolePermissions inheritsPermissionsFrom',
);
const assignmentDefault = words('id principalId directoryScopeId roleDefinitionId');
const appRoleDefault = words(
  'id deletedDateTime appRoleId createdDateTime principalDisplayName principalId principalType resourceDisplayName resourceId',
);
const collections = words(`businessPhones assignedLicenses assignedPlans identities imAddresses licenseAssignmentStates
  onPremisesProvisioningErrors otherMails provisionedPlans proxyAddresses serviceProvisioningErrors creationOptions groupTypes
  resourceBehaviorOptions resourceProvisioningOptions assignedLabels alternativeNames notificationEmailAddresses replyUrls
  servicePrincipalNames identifierUris tags appRoles physicalIds systemLabels alternativeSecurityIds resourceScopes rolePermissions inheritsPermissionsFrom`);

function define(type: string, byDefault: readonly string[], more: readonly string[], elsewhere: readonly string[]): TypeDefinition {
  return {
    type,
    all: new Set([...byDefault, ...more, ...elsewhere]),
    byDefault,
    collections: new Set(collections),
    elsewhere: new Set(elsewhere),
  };
}

export const types = {
  user: define('user', userDefault, userMore, userElsewhere),
  group: define('group', groupDefault, groupMore, groupElsewhere),
  servicePrincipal: define('servicePrincipal', principalDefault, [], []),
  device: define('device', deviceDefault, deviceMore, []),
  directoryRole: define('directoryRole', roleDefault, [], []),
  application: define('application', applicationDefault, [], []),
  administrativeUnit: define('administrativeUnit', unitDefault, [], []),
  roleDefinition: define('unifiedRoleDefinition', definitionDefault, [], []),
  roleAssignment: define('unifiedRoleAssignment', assignmentDefault, ['appScopeId', 'principalOrganizationId'], []),
  appRoleAssignment: define('appRoleAssignment', appRoleDefault, [], []),
} as const satisfies Record<string, TypeDefinition>;

/** Directory extensions: learn.microsoft.com/graph/extensibility-overview */
const extension = /^extension_[0-9a-f]{32}_[A-Za-z]\w*$/i;

/** Whether objects of a type have a property; that a directory extension is registered for it is taken for granted. */
export function hasProperty({ type, all }: TypeDefinition, name: string): boolean {
  return all.has(name) || (extension.test(name) && (type === 'user' || type === 'group' || type === 'device'));
}

export const linkRelations = ['members', 'owners'] as const;
export type LinkRelation = (typeof linkRelations)[number];

/** The relationships a delta query may select, by kind: those that come without `$select` too, and the others. */
export const deltaRelations = {
  user: { byDefault: [], all: [] },
  device: { byDefault: [], all: [] },
  group: { byDefault: ['members'], all: linkRelations },
  directoryRole: { byDefault: ['members'], all: ['members'] },
  servicePrincipal: { byDefault: [], all: ['owners'] },
} as const satisfies Record<string, { readonly byDefault: readonly LinkRelation[]; readonly all: readonly LinkRelation[] }>;
