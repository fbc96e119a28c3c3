// The properties of a simulated user, each computed from its index when asked for; undefined means never set.
import type { Json } from '../src/model.ts';
import { department, givenName, jobTitle, personName, place, surname } from './names.ts';
import { guid, mix } from './random.ts';

/** Gets the seed, the index and the user's own random number. */
export type Generator = (seed: number, index: number, dice: number) => Json | undefined;

const dayMs = 86_400_000;
const firstDay = Date.UTC(2019, 0, 1);

const days: readonly string[] = Array.from({ length: 2000 }, (_, day) => new Date(firstDay + day * dayMs).toISOString().slice(0, 11));
const twoDigits: readonly string[] = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'));

/** A time of a day some years ago, whole seconds, as the directory writes it. */
export function pastTime(dice: number): string {
  const second = (dice >>> 4) % 86_400;
  const [hours, minutes, seconds] = [Math.floor(second / 3600), Math.floor(second / 60) % 60, second % 60];
  return `${days[(dice >>> 0) % 2000]}${twoDigits[hours]}:${twoDigits[minutes]}:${twoDigits[seconds]}Z`;
}

function number(index: number): string {
  return String(index).padStart(6, '0');
}

function isGuest(dice: number): boolean {
  return dice % 20 === 3;
}

function principalName(index: number, dice: number): string {
  return isGuest(dice) ? `guest${number(index)}_partner.example#EXT#@contoso.example` : `user${number(index)}@contoso.example`;
}

export const userProperties: Readonly<Record<string, Generator>> = {
  id: (seed, index) => guid(seed, 'user', index),
  displayName: (_seed, _index, dice) => personName(dice),
  givenName: (_seed, _index, dice) => givenName(dice),
  surname: (_seed, _index, dice) => (dice % 50 === 9 ? undefined : surname(dice)),
  userPrincipalName: (_seed, index, dice) => principalName(index, dice),
  mail: (_seed, index, dice) => (dice % 10 === 4 ? undefined : `user${number(index)}@mail.contoso.example`),
  mailNickname: (_seed, index) => `user${number(index)}`,
  accountEnabled: (_seed, _index, dice) => dice % 25 !== 6,
  jobTitle: (_seed, _index, dice) => (dice % 6 === 0 ? undefined : jobTitle(dice)),
  department: (_seed, _index, dice) => (dice % 7 === 0 ? undefined : department(dice)),
  companyName: (_seed, _index, dice) => (dice % 9 === 0 ? undefined : 'Contoso'),
  employeeId: (_seed, index, dice) => (dice % 8 === 0 ? undefined : `E${number(index)}`),
  employeeType: (_seed, _index, dice) => (dice % 3 === 0 ? 'Employee' : undefined),
  city: (_seed, _index, dice) => (dice % 11 === 0 ? undefined : place(dice)[0]),
  state: (_seed, _index, dice) => (dice % 11 < 2 ? undefined : place(dice)[1]),
  country: (_seed, _index, dice) => (dice % 11 === 0 ? undefined : place(dice)[2]),
  usageLocation: (_seed, _index, dice) => place(dice)[3],
  postalCode: (_seed, _index, dice) => (dice % 12 === 0 ? undefined : String(1000 + (dice % 9000))),
  streetAddress: (_seed, _index, dice) => (dice % 13 === 0 ? undefined : `${1 + (dice % 300)} Harbour Street`),
  officeLocation: (_seed, _index, dice) => (dice % 5 === 0 ? `${1 + (dice % 9)}/${100 + (dice % 400)}` : undefined),
  businessPhones: (_seed, _index, dice) => (dice % 4 === 0 ? [`+31 20 555 ${String(dice % 10_000).padStart(4, '0')}`] : []),
  mobilePhone: (_seed, _index, dice) => (dice % 4 === 1 ? `+31 6 5555 ${String(dice % 10_000).padStart(4, '0')}` : undefined),
  preferredLanguage: (_seed, _index, dice) => (dice % 3 === 1 ? `${place(dice)[3].toLowerCase()}-${place(dice)[3]}` : undefined),
  userType: (_seed, _index, dice) => (isGuest(dice) ? 'Guest' : 'Member'),
  creationType: (_seed, _index, dice) => (isGuest(dice) ? 'Invitation' : undefined),
  createdDateTime: (_seed, _index, dice) => pastTime(dice),
  lastPasswordChangeDateTime: (_seed, _index, dice) => pastTime(dice ^ 0x5a5a),
  signInSessionsValidFromDateTime: (_seed, _index, dice) => pastTime(dice ^ 0x5a5a),
  onPremisesSyncEnabled: (_seed, _index, dice) => (dice % 3 === 0 ? true : undefined),
  onPremisesImmutableId: (seed, index, dice) =>
    dice % 3 === 0 ? Buffer.from(guid(seed, 'other', index).slice(0, 16)).toString('base64') : undefined,
  onPremisesSamAccountName: (_seed, index, dice) => (dice % 3 === 0 ? `u${number(index)}` : undefined),
  onPremisesExtensionAttributes: () =>
    Object.fromEntries(Array.from({ length: 15 }, (_, index): [string, null] => [`extensionAttribute${index + 1}`, null])),
  securityIdentifier: (seed, index) => `S-1-12-1-${mix(seed, 21, index)}-${mix(seed, 22, index)}-${mix(seed, 23, index)}-${index}`,
  proxyAddresses: (_seed, index, dice) => (dice % 10 === 4 ? [] : [`SMTP:user${number(index)}@mail.contoso.example`]),
  identities: (_seed, index, dice) => [
    { signInType: 'userPrincipalName', issuer: 'contoso.example', issuerAssignedId: principalName(index, dice) },
  ],
};
