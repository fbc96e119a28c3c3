// The connection of `demo`: an ordinary connection file, written where the user can read and change it.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { RunningSimulator } from '../stack/simulatorProcess.ts';

export const demoName = 'demo';

/** Writes HOME/demo.yaml and answers its path. Applied again, it follows the simulator to its new address. */
export function writeDemoConnection(home: string, simulator: RunningSimulator): string {
  const file = path.join(home, 'demo.yaml');
  writeFileSync(
    file,
    `# The simulated tenant of "tidemark demo". With a tenant of your own, leave out cloud and endpoints.
name: ${demoName}
title: Simulated Entra ID tenant
connector: entra-identity
credentials:
  tenantId: ${simulator.tenantId}
  clientId: ${simulator.clientId}
  clientSecret: env:${simulator.secretVariable}
cloud: custom
endpoints:
  login: ${simulator.origin}
  graph: ${simulator.origin}/v1.0
  caFile: ${path.basename(simulator.caFile)}
profiles:
  - name: default
    streams: [users, groups, roles, appRoleAssignments]
    schedule: { occurs: recurring, every: hourly }
    baseline: weekly
`,
  );
  return file;
}
