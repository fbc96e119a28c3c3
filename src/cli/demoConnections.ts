// The connections of `demo`, one of every connector: ordinary connection files, written where the user can read and change them.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { RunningSimulator } from '../stack/simulatorProcess.ts';

interface DemoConnection {
  readonly name: string;
  readonly title: string;
  readonly connector: string;
  /** The connector's own, on one line. */
  readonly settings?: string;
  /** The keys of its one profile besides the name, a line each. */
  readonly profile: readonly string[];
  /** Whether it reads Azure, and its registries. */
  readonly azure?: true;
}

export const demoConnections: readonly DemoConnection[] = [
  {
    name: 'demo',
    title: 'Simulated Entra ID tenant',
    connector: 'entra-identity',
    profile: ['streams: [users, groups, roles, appRoleAssignments]', 'schedule: { occurs: recurring, every: hourly }', 'baseline: weekly'],
  },
  {
    name: 'demo-directory',
    title: 'Users of the simulated tenant by their groups',
    connector: 'entra-directory-sync',
    settings: '{ groups: all, notification: { email: true } }',
    profile: ['schedule: { occurs: recurring, every: hourly }', 'baseline: weekly'],
  },
  {
    name: 'demo-devices',
    title: 'Devices of the simulated tenant',
    connector: 'entra-devices',
    profile: ['schedule: { occurs: recurring } # daily, as the connector has it', 'baseline: weekly'],
  },
  {
    name: 'demo-export',
    title: 'CSV files of the simulated tenant for Identity Manager',
    connector: 'identity-manager',
    settings: '{ export: { directory: demo-export } }',
    profile: ['schedule: { occurs: recurring, every: hourly }', 'baseline: weekly'],
  },
  {
    name: 'demo-defender',
    title: 'What Defender for Cloud finds in the simulated subscriptions',
    connector: 'defender-for-cloud',
    settings: '{ subscriptions: all }',
    profile: ['schedule: { occurs: recurring, every: daily }'],
    azure: true,
  },
];

/** Writes HOME/NAME.yaml and answers its path. Applied again, it follows the simulator to its new address. */
export function writeDemoConnection(
  home: string,
  { name, title, connector, settings, profile, azure }: DemoConnection,
  simulator: RunningSimulator,
): string {
  const file = path.join(home, `${name}.yaml`);
  writeFileSync(
    file,
    `# The simulated tenant of "tidemark demo". With a tenant of your own, leave out cloud and endpoints.
name: ${name}
title: ${title}
connector: ${connector}
credentials:
  tenantId: ${simulator.tenantId}
  clientId: ${simulator.clientId}
  clientSecret: env:${simulator.secretVariable}
cloud: custom
endpoints:
  login: ${simulator.origin}
  graph: ${simulator.origin}/v1.0
${azure === true ? `  arm: ${simulator.managementOrigin}\n  registries: [${simulator.registries.join(', ')}]\n` : ''}  caFile: ${path.basename(simulator.caFile)}
${settings === undefined ? '' : `settings: ${settings}\n`}profiles:
  - name: default
${profile.map((line) => `    ${line}\n`).join('')}`,
  );
  return file;
}
