// Which links a walk reads, in which order: the stack's last step is read next.
import { entraIdentity } from '../../src/connectors/entra-identity/index.ts';
import { streamNamed } from '../../src/connectors/index.ts';
import type { Source } from '../../src/clients/source.ts';
import { firstSteps, listSteps, nextSteps, phaseOf } from '../../src/pull/plan.ts';
import type { WalkTarget } from '../../src/pull/plan.ts';

const link: Source['link'] = ({ path, top, expand, delta }) =>
  [path, delta, top, expand].filter((part) => part !== null && part !== undefined).join(' ');

const targetOf = (stream: string): WalkTarget => {
  const definition = streamNamed(entraIdentity, stream);
  return { definition, select: ['id'], edges: definition.walk.shape === 'collections' ? [] : definition.walk.edges };
};

const reading = (steps: readonly { phase: string; link: string | null }[]): string[] =>
  steps.map((step) => `${step.phase}: ${step.link ?? 'cursor'}`).reverse();

test.each([
  ['users', 'full', ['latest: users latest', 'list: users 999', 'closing: cursor']],
  ['users', 'delta', ['delta: cursor']],
  ['groups', 'full', ['chain: groups first']],
  ['groups', 'delta', ['delta: cursor']],
  [
    'roles',
    'full',
    ['roleDefinitions: roleManagement/directory/roleDefinitions', 'roleAssignments: roleManagement/directory/roleAssignments'],
  ],
  [
    'roles',
    'delta',
    ['roleDefinitions: roleManagement/directory/roleDefinitions', 'roleAssignments: roleManagement/directory/roleAssignments'],
  ],
  ['appRoleAssignments', 'full', ['servicePrincipals: servicePrincipals 999 appRoleAssignedTo']],
] as const)('%s, %s', (stream, mode, expected) => {
  expect(reading(firstSteps(targetOf(stream), { mode, reason: mode === 'full' ? 'forced' : 'delta' }, link))).toEqual(expected);
});

const first = { mode: 'full', reason: 'first run' } as const;

test('a delta whose map changed goes on with the stored records', () => {
  expect(reading(firstSteps(targetOf('users'), { mode: 'delta', reason: 'map changed' }, link))).toEqual(['delta: cursor', 'stored: 0']);
  expect(reading(firstSteps(targetOf('users'), { mode: 'full', reason: 'map changed' }, link))).toHaveLength(3);
});

test('a tenant without delta has the list alone', () => {
  expect(reading(listSteps(targetOf('users'), link))).toEqual(['list: users 999']);
  expect(listSteps(targetOf('groups'), link)).toEqual([]);
});

test('a next link is read before the steps below it, and an empty stack ends the walk', () => {
  const target = targetOf('users');
  const start = firstSteps(target, first, link);
  const afterToken = nextSteps(target, start, { objects: [], next: null }, link);
  expect(reading(afterToken)).toEqual(['list: users 999', 'closing: cursor']);
  const afterPage = nextSteps(target, afterToken, { objects: [], next: 'page 2' }, link);
  expect(reading(afterPage)).toEqual(['list: page 2', 'closing: cursor']);
  const afterList = nextSteps(target, afterPage, { objects: [], next: null }, link);
  expect(reading(afterList)).toEqual(['closing: cursor']);
  expect(nextSteps(target, afterList, { objects: [], next: null }, link)).toEqual([]);
});

test.each([
  [19, []],
  [20, ['appRoleAssignedTo: servicePrincipals/a%2Fb/appRoleAssignedTo 999']],
])('a service principal that returns %i assignments', (count, chains) => {
  const target = targetOf('appRoleAssignments');
  const object = { id: 'a/b', appRoleAssignedTo: Array.from({ length: count }, (_, index) => ({ id: `${index}` })) };
  const steps = nextSteps(target, firstSteps(target, first, link), { objects: [object], next: 'page 2' }, link);
  expect(reading(steps)).toEqual([...chains, 'servicePrincipals: page 2']);
});

test.each([
  ['users', 'list', 'whole'],
  ['users', 'closing', 'changes'],
  ['users', 'delta', 'changes'],
  ['groups', 'chain', 'first'],
  ['roles', 'roleAssignments', 'whole'],
  ['appRoleAssignments', 'appRoleAssignedTo', 'whole'],
])('objects of %s in phase %s are read as %s', (stream, phase, objects) => {
  expect(phaseOf(targetOf(stream), phase).objects).toBe(objects);
});
