// The reconciler's Schedule, ensured by every worker that starts: without it nobody would notice what is missing.
import type { Client } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureReconciler } from '../clients/schedules.ts';
import type { Logger } from '../log.ts';

const betweenTriesMs = 30_000;

/** Tries until it is there or the worker drains; says once that it could not. Never throws: the worker serves meanwhile. */
export async function keepReconciler(
  client: Client,
  { logger, draining }: { readonly logger: Logger; readonly draining: AbortSignal },
): Promise<void> {
  for (let said = false; !draining.aborted;) {
    try {
      const { did } = await ensureReconciler(client);
      if (did === 'repaired') logger.warn('The schedule of the reconciler was changed by hand and has been repaired.');
      return;
    } catch (error) {
      if (!said) logger.warn('The schedule of the reconciler could not be ensured; trying again.', { error });
      said = true;
      await sleep(betweenTriesMs, undefined, { signal: draining }).catch(() => undefined);
    }
  }
}
