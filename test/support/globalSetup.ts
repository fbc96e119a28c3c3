// Starts the servers that suites share, once for the whole run, and hands their addresses on by the environment.
import { startTemporal } from './temporal.ts';
import { stoppers } from './stoppers.ts';

const globalSetup = async (): Promise<void> => {
  const temporal = await startTemporal();
  stoppers.push(() => temporal.stop());
  process.env['TIDEMARK_TEST_TEMPORAL_ADDRESS'] = temporal.address;
};

export default globalSetup;
