// The worker's row in the database, refreshed while it lives: what `status` and `doctor` judge it by.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { clearInterval, setInterval } from 'node:timers';
import type { Logger } from '../log.ts';
import type { Database } from '../store/database.ts';
import { endWorker, reportWorker, type WorkerIdentity } from '../store/worker.ts';

const beatMs = 10_000;

export interface Presence {
  /** Call when the worker has drained. Never throws: a row that is not ended counts as gone 40 s later. */
  end(): Promise<void>;
}

/**
 * Resolves when the row is there, or could not be written: who starts a worker may ask for a run at once. Says once when the database is lost, and
 * once when it is back: between, runs wait for it. Never throws.
 */
export async function keepPresence(
  database: Database,
  of: Pick<WorkerIdentity, 'namespace' | 'build' | 'queues'> & { readonly logger: Logger },
): Promise<Presence> {
  const { logger, ...known } = of;
  const identity = { ...known, id: randomUUID(), host: hostname(), pid: process.pid };
  let lost = false;
  let beating: Promise<void> | null = null;
  const beat = async (): Promise<void> => {
    try {
      await reportWorker(database, identity);
      if (lost) logger.info('The database answers again; runs go on.');
      lost = false;
    } catch (error) {
      if (!lost) logger.warn('The database does not answer; runs wait for it.', { error });
      lost = true;
    } finally {
      beating = null;
    }
  };
  const next = (): Promise<void> => (beating ??= beat());
  const timer = setInterval(() => void next(), beatMs);
  await next();
  return {
    async end() {
      clearInterval(timer);
      await beating;
      await endWorker(database, identity.id).catch((error: unknown) => logger.warn('The worker could not be signed off.', { error }));
    },
  };
}
