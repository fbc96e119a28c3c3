// Records set aside, with the reason (I11).
import type { Database } from './database.ts';
import type { Reject } from './page.ts';

export interface RejectedRecord extends Reject {
  readonly run: number;
  readonly stream: string;
  readonly rejectedAt: string;
}

/** The records that a run set aside, by stream and id. */
export function listRejected(database: Database, of: { readonly run: number; readonly limit: number }): Promise<RejectedRecord[]> {
  return database.query<RejectedRecord>(
    `select run, stream, id, code, reason, rejected_at as "rejectedAt" from rejected where run = $1 order by stream, id limit $2`,
    [of.run, of.limit],
  );
}
