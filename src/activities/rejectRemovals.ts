// Rejects the pending set of a digest: nothing is removed (decision 3). Idempotent.
import { heldSet, rejectHeld } from '../store/held.ts';
import { writeLog } from '../store/log.ts';
import type { Shared } from './dependencies.ts';
import type { RejectRequest, RejectResult } from './types.ts';

/** @throws STORE_UNAVAILABLE */
export async function rejectRemovals({ database }: Shared, { connection, digest, by }: RejectRequest): Promise<RejectResult> {
  const outcome = await rejectHeld(database, { connection, digest, by });
  const held = await heldSet(database, connection);
  if (outcome === 'rejected')
    await writeLog(database, {
      connection,
      run: null,
      level: 'info',
      message: 'The held removals were rejected.',
      details: { digest, by },
    });
  return { outcome, held };
}
