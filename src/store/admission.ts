// Which runs may be under way: at most so many of the fleet and of each tenant, the others in line (design 5).
// A slot is a row of an unfinished run: it is free again when the run's verdict is written, whoever writes it.
import type { Database } from './database.ts';

export interface AdmissionLimits {
  /** Runs under way at once, of all connections. */
  readonly atOnce: number;
  readonly perTenant: number;
}

/** 0: admitted. Otherwise the place in line, and when to ask again. */
export interface Admission {
  readonly place: number;
  readonly waitMs: number;
}

/**
 * Claims a slot for the run, or a place in line: runs that somebody asked for go before scheduled ones, then by number. Asked again, what was claimed
 * stays claimed. A waiting run that does not ask again in time is passed over until it does. A run that has ended is answered as admitted: it takes no slot.
 */
export async function claimSlot(
  database: Database,
  of: { readonly run: number; readonly tenant: string; readonly limits: AdmissionLimits },
): Promise<Admission> {
  const { run, tenant, limits } = of;
  const [row] = await database.query<Admission>('select place, wait_ms as "waitMs" from claim_slot($1, $2, $3, $4)', [
    run,
    tenant,
    limits.atOnce,
    limits.perTenant,
  ]);
  return row ?? { place: 0, waitMs: 0 };
}

/** The place in line of a run that waits to be admitted; null when it does not wait. */
export async function admissionOf(database: Database, run: number): Promise<number | null> {
  const [row] = await database.query<{ place: number }>('select place from waiting_runs(1) where run = $1', [run]);
  return row?.place ?? null;
}
