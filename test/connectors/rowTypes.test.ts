// The data types of a row: what a map's file may fill a target with, and what it is told to add where types do not meet.
import { readMaps } from '../support/mapFiles.ts';

const model = { users: 'user', devices: 'device' };
const connector = { users: 'entra-identity', devices: 'entra-devices' };
/** Place and reason of each fault of a map with this one row. */
const faultsOf = (row: string, stream: 'users' | 'devices' = 'users') => {
  const text = `kind: map\nname: mine\nconnector: ${connector[stream]}\nstream: ${stream}\nsource: microsoft.graph.${model[stream]}\ntarget: asset\nrows:\n  - ${row}\n`;
  return readMaps(text).problems.map(({ path, reason }) => `${path.replace('rows.0.', '')} ${reason}`);
};

const typed = 'asset.assetDetail.typedAttributes.mine';
const any = 'asset.assetDetail.untypedAttributes.mine';
const flag = 'asset.assetDetail.userAssetClass.onPremisesSyncEnabled';
const time = 'asset.assetDetail.userAssetClass.createdDateTime';
const kinds = 'asset.assetDetail.groupAssetClass.groupTypes';
const extension = 'onPremisesExtensionAttributes.extensionAttribute1';
const related = 'asset.assetRelations[].assetDetail';

test.each([
  ['text to text', `{ from: mail, to: ${typed} }`],
  ['a time to text: it is text', `{ from: createdDateTime, to: ${typed} }`],
  ['a time to a time', `{ from: createdDateTime, to: ${time} }`],
  ['a list to a list', `{ from: businessPhones, to: ${kinds} }`],
  ['a list to a list of values', `{ from: businessPhones, to: "${kinds}[]" }`],
  ['an element to text', `{ from: "businessPhones[0]", to: ${typed} }`],
  ['elements to a list of values', `{ from: "businessPhones[]", to: "${kinds}[]", function: { name: LOWER } }`],
  ['a boolean to untyped attributes', `{ from: accountEnabled, to: ${any} }`],
  ['an object to untyped attributes', `{ from: onPremisesExtensionAttributes.*, to: ${any} }`],
  ['what the model does not know to untyped attributes', `{ from: ${extension}, to: ${any} }`],
  ['what the model does not know, through a function', `{ from: ${extension}, to: ${typed}, function: { name: STRING } }`],
  ['a boolean through STRING', `{ from: accountEnabled, to: ${typed}, function: { name: STRING } }`],
  ['text through BOOLEAN', `{ from: employeeType, to: ${flag}, function: { name: BOOLEAN } }`],
  ['text through NUMBER', `{ from: employeeId, to: ${any}, function: { name: NUMBER } }`],
  ['text through DATE', `{ from: employeeId, to: ${time}, function: { name: DATE } }`],
  ['a boolean through LOOKUP', `{ from: accountEnabled, to: ${typed}, function: { name: LOOKUP, table: { true: on }, default: null } }`],
  ['text to a boolean through LOOKUP', `{ from: mail, to: ${flag}, function: { name: LOOKUP, table: { a: true }, default: false } }`],
  ['a constant', `{ to: ${flag}, function: { name: CONSTANT, value: true } }`],
  ['a constant time', `{ to: ${time}, function: { name: CONSTANT, value: 2026-05-01 } }`],
  ['a constant list', `{ to: ${kinds}, function: { name: CONSTANT, value: [a, b] } }`],
  [
    'numbers and times in CONCAT',
    `{ to: ${typed}, function: { name: CONCAT, parts: [{ from: createdDateTime }, { from: accountEnabled }] } }`,
  ],
  ['several sources of one type', `{ from: mail, orFrom: [userPrincipalName, displayName], to: ${typed} }`],
  ['several sources through a function', `{ from: accountEnabled, orFrom: mail, to: ${typed}, function: { name: STRING } }`],
  ['part of a time', `{ from: createdDateTime, to: ${typed}, function: { name: REGEX, pattern: '^\\d{4}', result: $0 } }`],
  ['a related text', `{ from: "memberOf.value[].displayName", to: "${related}.name", function: { name: UPPER } }`],
])('%s is taken', (_name, row) => expect(faultsOf(row)).toEqual([]));

test.each<[string, string, string]>([
  [
    'a boolean to text',
    `{ from: accountEnabled, to: ${typed} }`,
    'to holds string, and the row gives boolean: add "function: { name: STRING }"',
  ],
  ['text to a boolean', `{ from: mail, to: ${flag} }`, 'to holds boolean, and the row gives string: add "function: { name: BOOLEAN }"'],
  ['text to a time', `{ from: mail, to: ${time} }`, 'to holds dateTime, and the row gives string: add "function: { name: DATE }"'],
  ['a boolean to a time', `{ from: accountEnabled, to: ${time} }`, 'to holds dateTime, and the row gives boolean: look it up with LOOKUP'],
  [
    'what the model does not know',
    `{ from: ${extension}, to: ${typed} }`,
    'to holds string, and the source model does not say what this field is: add "function: { name: STRING }"',
  ],
  [
    'a list to text',
    `{ from: businessPhones, to: ${typed} }`,
    'to holds string, and the row gives string[]: name an element of it, as in list[0]',
  ],
  ['text to a list', `{ from: mail, to: ${kinds} }`, 'to holds string[], and the row gives string'],
  ['an object to text', `{ from: onPremisesExtensionAttributes, to: ${typed} }`, 'to holds string, and the row gives object'],
  ['the second of several sources', `{ from: mail, orFrom: accountEnabled, to: ${typed} }`, 'to holds string, and the row gives boolean'],
  [
    'a related boolean to text',
    `{ from: "memberOf.value[].securityEnabled", to: "${related}.name" }`,
    'to holds string, and the row gives boolean: add "function: { name: STRING }"',
  ],
  ['a function on a list', `{ from: businessPhones, to: ${typed}, function: { name: LOWER } }`, 'from is string[]; LOWER takes string'],
  ['LOWER of a boolean', `{ from: accountEnabled, to: ${typed}, function: { name: LOWER } }`, 'from is boolean; LOWER takes string'],
  [
    'DATE of a boolean',
    `{ from: mail, orFrom: [userPrincipalName, accountEnabled], to: ${time}, function: { name: DATE } }`,
    'orFrom.1 is boolean; DATE takes string, dateTime, and number with a unit',
  ],
  ['what a function gives', `{ from: mail, to: ${flag}, function: { name: LOWER } }`, 'to holds boolean, and LOWER gives string'],
  [
    'an object in CONCAT',
    `{ to: ${typed}, function: { name: CONCAT, parts: [a, { from: onPremisesExtensionAttributes }] } }`,
    'function.parts.1.from is object; CONCAT takes string, number, boolean, dateTime',
  ],
  [
    'a constant of another type',
    `{ to: ${flag}, function: { name: CONSTANT, value: yes } }`,
    'function.value must be boolean, which is what the target holds',
  ],
  ['a constant that is no time', `{ to: ${time}, function: { name: CONSTANT, value: soon } }`, 'function.value must be dateTime'],
  [
    'an entry of a table',
    `{ from: mail, to: ${typed}, function: { name: LOOKUP, table: { a: b, c: 1 }, default: null } }`,
    'function.table.c must be string',
  ],
  [
    'the default of a table',
    `{ from: mail, to: ${typed}, function: { name: LOOKUP, table: {}, default: false } }`,
    'function.default must be string',
  ],
  [
    'a part that does not exist',
    `{ to: ${typed}, function: { name: CONCAT, parts: [{ from: mial }] } }`,
    'function.parts.0.from is no field of the source model, did you mean "mail"?',
  ],
  [
    'a key of a part',
    `{ to: ${typed}, function: { name: CONCAT, parts: [{ form: mail }] } }`,
    'function.parts.0 must be text of at most 500 characters, or {from: path}',
  ],
  [
    'a key of a function',
    `{ from: mail, to: ${typed}, function: { name: REGEX, patern: a, result: $0 } }`,
    'function.patern is not a known key, did you mean "pattern"?',
  ],
  [
    'a unit that does not exist',
    `{ from: mail, to: ${time}, function: { name: DATE, unit: days } }`,
    'function.unit must be one of seconds, milliseconds',
  ],
  [
    'a function that does not exist',
    `{ from: mail, to: ${typed}, function: { name: FIRST_OF, sources: [mail] } }`,
    'the first of several sources is written as orFrom',
  ],
  ['one path in a list', `{ from: mail, orFrom: [mail], to: ${typed} }`, 'orFrom must be a path, or a list of 2 to 10 paths'],
  [
    'a pattern that cannot be used',
    `{ from: mail, to: ${typed}, function: { name: REGEX, pattern: '(a+)+\\1', result: $0 } }`,
    'REGEX cannot be used: its pattern is not of the RE2 syntax',
  ],
])('%s is refused with its place', (_name, row, expected) => {
  const faults = faultsOf(row);
  expect(faults).toContainEqual(expect.stringContaining(expected));
});

test('a number becomes text, or a time by its unit', () => {
  expect(faultsOf(`{ from: deviceVersion, to: ${typed} }`, 'devices')).toEqual([
    'to holds string, and the row gives number: add "function: { name: STRING }"',
  ]);
  const [fault = ''] = faultsOf(`{ from: deviceVersion, to: ${time} }`, 'devices');
  expect(fault).toBe('to holds dateTime, and the row gives number: add "function: { name: DATE, unit: seconds }", or milliseconds');
  expect(faultsOf(`{ from: deviceVersion, to: ${time}, function: { name: DATE } }`, 'devices')).toEqual([
    'from is number; DATE takes string, dateTime, and number with a unit',
  ]);
  expect(faultsOf(`{ from: deviceVersion, to: ${time}, function: { name: DATE, unit: seconds } }`, 'devices')).toEqual([]);
});
