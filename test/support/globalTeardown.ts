// Ends what globalSetup started, the last one first.
import { stoppers } from './stoppers.ts';

const globalTeardown = async (): Promise<void> => {
  for (const stop of stoppers.reverse()) await stop();
};

export default globalTeardown;
