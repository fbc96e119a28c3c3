// Test Connection, on the machine that pulls: its environment, network and secrets count (decision 22). Changes nothing; may be repeated.
import { testConnection as runChecks } from '../checks/index.ts';
import { type ConnectionSpec, readSpec } from '../connectors/spec.ts';
import { TidemarkError } from '../errors.ts';
import type { ConnectionTest } from '../model.ts';
import { getConnection } from '../store/connection.ts';
import type { Shared } from './dependencies.ts';
import type { TestRequest } from './types.ts';

/** All five checks together: under the ten seconds that a person waits, and under the activity's own time. */
const withinMs = 9_500;

/** Whatever a check finds is an answer. @throws CONFIG_INVALID, STORE_UNAVAILABLE */
export async function testConnection(shared: Shared, request: TestRequest): Promise<ConnectionTest> {
  const { sources, config } = shared;
  const spec = request.spec === undefined ? await storedSpec(shared, request.name) : readSpec(request.spec);
  return runChecks(spec, { connect: (of) => sources.connectAnew(of), proxy: config.proxy, withinMs });
}

async function storedSpec({ database }: Shared, name: string): Promise<ConnectionSpec> {
  const stored = await getConnection(database, name);
  if (stored !== null) return readSpec(stored.spec);
  throw new TidemarkError('CONFIG_INVALID', `There is no connection "${name}".`, { hint: 'Apply its file first.' });
}
