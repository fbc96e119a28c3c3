// The simulator as a process of its own: tells its address (one JSON line, and over the channel) and ends on SIGTERM, SIGINT, or with its parent.
// node simulator/main.ts --users 2000 [--seed 1] [--port 0] [--ca-file ca.pem] [--vms 40 --images 24 …]
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { estateSizes } from './resourceGraph/shape.ts';
import { startSimulator } from './simulator.ts';

const kebab = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    users: { type: 'string', default: '2000' },
    groups: { type: 'string' },
    'service-principals': { type: 'string' },
    'large-service-principals': { type: 'string', default: '0' },
    port: { type: 'string', default: '0' },
    'ca-file': { type: 'string' },
    'management-port': { type: 'string', default: '0' },
    'registry-port': { type: 'string' },
    ...Object.fromEntries(estateSizes.map((name) => [kebab(name), { type: 'string' as const }])),
    'no-quota': { type: 'boolean', default: false },
  },
});

const sizes: Readonly<Record<string, unknown>> = values;
const simulator = await startSimulator({
  seed: Number(values.seed),
  users: Number(values.users),
  ...(values.groups === undefined ? {} : { groups: Number(values.groups) }),
  ...(values['service-principals'] === undefined ? {} : { servicePrincipals: Number(values['service-principals']) }),
  largeServicePrincipals: Number(values['large-service-principals']),
  port: Number(values.port),
  managementPort: Number(values['management-port']),
  ...(values['registry-port'] === undefined ? {} : { registryPort: Number(values['registry-port']) }),
  estate: Object.fromEntries(
    estateSizes.flatMap((name) => {
      const given = sizes[kebab(name)];
      return given === undefined ? [] : [[name, Number(given)]];
    }),
  ),
  settings: values['no-quota'] ? { quota: null } : {},
});
const caFile = values['ca-file'] ?? null;
if (caFile !== null) await writeFile(caFile, simulator.caPem);
const { origin, managementOrigin, tenantId, clientId, clientSecret } = simulator;
const registries = simulator.registries === null ? {} : { registries: simulator.registries.hosts };
const announced = { origin, managementOrigin, ...registries, caFile, tenantId, clientId, clientSecret, pid: process.pid };
process.stdout.write(`${JSON.stringify(announced)}\n`);
process.send?.(announced);

const end = (): void => void simulator.close().finally(() => process.exit(0));
process.once('SIGTERM', end);
process.once('SIGINT', end);
// Whoever started it over a channel is gone.
process.once('disconnect', end);
