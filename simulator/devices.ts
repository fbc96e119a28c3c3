// The properties of a simulated device, each computed from its index when asked for; undefined means never set.
// Source: learn.microsoft.com/graph/api/resources/device
import type { Json } from '../src/model.ts';
import { givenName } from './names.ts';
import { pastTime } from './people.ts';
import type { Generator } from './people.ts';
import { guid, mix, refOf } from './random.ts';
import type { Ref } from './random.ts';

interface Platform {
  readonly system: string;
  readonly versions: readonly string[];
  readonly makers: readonly (readonly [manufacturer: string, model: string])[];
  /** A phone is named by its owner; the rest have host names. */
  readonly phone: boolean;
}

const windows: Platform = {
  system: 'Windows',
  versions: ['10.0.19045.5131', '10.0.22631.4460', '10.0.26100.2314'],
  makers: [
    ['Dell Inc.', 'Latitude 7440'],
    ['HP', 'HP EliteBook 840 14 inch G10 Notebook PC'],
    ['LENOVO', '21HMCTO1WW'],
    ['Microsoft Corporation', 'Surface Laptop 6'],
  ],
  phone: false,
};
const iOS: Platform = { system: 'iOS', versions: ['17.6.1', '18.1'], makers: [['Apple', 'iPhone 15']], phone: true };
const android: Platform = {
  system: 'Android',
  versions: ['14', '15.0'],
  makers: [
    ['samsung', 'SM-S921B'],
    ['Google', 'Pixel 8'],
  ],
  phone: true,
};
const mac: Platform = { system: 'macOS', versions: ['14.7.1', '15.1.1'], makers: [['Apple', 'MacBook Pro']], phone: false };
const linux: Platform = { system: 'Linux', versions: ['22.04', '24.04'], makers: [['LENOVO', '21CBCTO1WW']], phone: false };
/** Of ten devices six run Windows. */
const platforms = [windows, windows, windows, iOS, windows, android, mac, windows, windows, linux];

/** One element of a list that is not empty. */
function pick<T>(list: readonly T[], dice: number): T {
  const chosen = list[dice % list.length];
  if (chosen === undefined) throw new Error('The list is empty.');
  return chosen;
}

const platformOf = (dice: number): Platform => pick(platforms, dice);
const makerOf = (dice: number): readonly [string, string] => pick(platformOf(dice).makers, dice >>> 12);

/** Three of ten devices are managed by nobody: what a manager would say of them was never set. */
const isManaged = (dice: number): boolean => (dice >>> 5) % 10 < 7;

function trustOf(dice: number): string | undefined {
  if (dice % 50 === 21) return undefined;
  if (platformOf(dice) !== windows) return 'Workplace';
  return pick(['AzureAd', 'ServerAd', 'AzureAd', 'ServerAd', 'Workplace'], dice >>> 8);
}

const isSynced = (dice: number): boolean => trustOf(dice) === 'ServerAd';

function lastSignIn(dice: number): string {
  const [registered, seen] = [pastTime(dice), pastTime(dice ^ 0x33333)];
  return seen > registered ? seen : registered;
}

/** What the device calls itself, apart from the directory's id of it. */
const ownId = (seed: number, index: number): string => guid(seed, 'other', ownIdOffset + index);
const ownIdOffset = 0x4000_0000;

/** The device that calls itself so, or null. */
export function deviceOf(seed: number, deviceId: string): Ref | null {
  const ref = refOf(seed, deviceId);
  return ref?.kind === 'other' && ref.index >= ownIdOffset ? { kind: 'device', index: ref.index - ownIdOffset } : null;
}

const whenManaged =
  (value: (dice: number) => Json | undefined): Generator =>
  (_seed, _index, dice) =>
    isManaged(dice) ? value(dice) : undefined;

export const deviceProperties: Readonly<Record<string, Generator>> = {
  id: (seed, index) => guid(seed, 'device', index),
  displayName: (_seed, index, dice) => (platformOf(dice).phone ? `${givenName(dice >>> 3)}’s ${makerOf(dice)[1]}` : `HOST-${index}`),
  deviceId: (seed, index) => ownId(seed, index),
  accountEnabled: (_seed, _index, dice) => dice % 25 !== 6,
  operatingSystem: (_seed, _index, dice) => platformOf(dice).system,
  operatingSystemVersion: (_seed, _index, dice) => pick(platformOf(dice).versions, dice >>> 10),
  manufacturer: (_seed, _index, dice) => (dice % 17 === 3 ? undefined : makerOf(dice)[0]),
  model: (_seed, _index, dice) => (dice % 17 === 3 ? undefined : makerOf(dice)[1]),
  trustType: (_seed, _index, dice) => trustOf(dice),
  profileType: (_seed, _index, dice) => (dice % 40 === 7 ? 'SecureVM' : 'RegisteredDevice'),
  isManaged: whenManaged(() => true),
  isCompliant: whenManaged((dice) => (dice >>> 7) % 8 !== 0),
  complianceExpirationDateTime: whenManaged((dice) => pastTime(dice ^ 0x77777)),
  managementType: whenManaged(() => 'MDM'),
  mdmAppId: whenManaged(() => '0000000a-0000-0000-c000-000000000000'),
  deviceOwnership: whenManaged((dice) => (trustOf(dice) === 'Workplace' ? 'personal' : 'company')),
  enrollmentType: whenManaged((dice) => (platformOf(dice) === windows ? 'windowsAzureADJoin' : 'userEnrollment')),
  isRooted: whenManaged((dice) => (platformOf(dice).phone ? false : undefined)),
  approximateLastSignInDateTime: (_seed, _index, dice) => lastSignIn(dice),
  registrationDateTime: (_seed, _index, dice) => pastTime(dice),
  createdDateTime: (_seed, _index, dice) => pastTime(dice),
  deviceVersion: () => 2,
  domainName: (_seed, _index, dice) => (isSynced(dice) ? 'contoso.example' : undefined),
  onPremisesSyncEnabled: (_seed, _index, dice) => (isSynced(dice) ? true : undefined),
  onPremisesLastSyncDateTime: (_seed, _index, dice) => (isSynced(dice) ? lastSignIn(dice) : undefined),
  onPremisesSecurityIdentifier: (seed, index, dice) =>
    isSynced(dice) ? `S-1-5-21-${mix(seed, 27, 0)}-${mix(seed, 28, 0)}-${mix(seed, 29, 0)}-${1000 + index}` : undefined,
  physicalIds: (seed, index) => [`[USER-HWID]:${ownId(seed, index)}`],
  extensionAttributes: () =>
    Object.fromEntries(Array.from({ length: 15 }, (_, index): [string, null] => [`extensionAttribute${index + 1}`, null])),
  alternativeSecurityIds: (seed, index) => [
    { type: 2, identityProvider: null, key: Buffer.from(`X509:<SHA1-TP-PUBKEY>${ownId(seed, index)}`, 'utf16le').toString('base64') },
  ],
};
