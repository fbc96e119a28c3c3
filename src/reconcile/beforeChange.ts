// The occurrences of schedules that are about to change: accounted for by what they were, because Temporal then forgets it (I15).
import { ensureTick } from '../clients/schedules.ts';
import { readSpec } from '../connectors/spec.ts';
import { asTidemarkError } from '../errors.ts';
import { readWatches } from '../store/watch.ts';
import { look } from './look.ts';
import type { Tools } from './profile.ts';

/** `stored`: the connection's spec as it still is. One that cannot be read has nothing to account for. @throws STORE_UNAVAILABLE, ORCHESTRATOR_UNAVAILABLE */
export async function lookBeforeChange({ client, database }: Pick<Tools, 'client' | 'database'>, stored: unknown): Promise<void> {
  const spec = readable(stored);
  if (spec === null) return;
  const { now, watches } = await readWatches(database, [spec.name]);
  for (const { name: profile, status, schedule } of spec.profiles) {
    const watch = watches.find((candidate) => candidate.profile === profile);
    if (status === 'inactive' || schedule === null || watch === undefined) continue;
    const { did, found } = await ensureTick(client, { name: spec.name, profile, schedule });
    await look({ client, database, watch, schedule, found, did, tillMs: Date.parse(now), nowMs: Date.parse(now) });
  }
}

function readable(stored: unknown): ReturnType<typeof readSpec> | null {
  try {
    return readSpec(stored);
  } catch (error) {
    if (asTidemarkError(error).code === 'CONFIG_INVALID') return null;
    throw error;
  }
}
