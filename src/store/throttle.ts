// How sources throttle, shared by all workers (design 5). Times are by the database's clock. MUST hold nothing of tokens.
import { TidemarkError } from '../errors.ts';
import type { ThrottleState } from '../model.ts';
import type { Database } from './database.ts';

/** What the source meters together. */
export interface ThrottleKey {
  /** Of the API, e.g. `https://graph.microsoft.com`. */
  readonly origin: string;
  readonly tenant: string;
  readonly client: string;
}

const columns = `extract(epoch from blocked_until - clock_timestamp()) * 1000 as "blockedMs", refusals, pace_ms as "paceMs",
  extract(epoch from clock_timestamp() - paced_at) * 1000 as "pacedAgoMs"`;

const paramsOf = ({ origin, tenant, client }: ThrottleKey): readonly string[] => [origin, tenant, client];

/** null when the source has never throttled. */
export async function readThrottle(database: Database, key: ThrottleKey): Promise<ThrottleState | null> {
  const [row] = await database.query<ThrottleState>(
    `select ${columns} from throttle where origin = $1 and tenant = $2 and client = $3`,
    paramsOf(key),
  );
  return row ?? null;
}

/** Changes the state in one step, whoever else does. `how` may be called again. */
export function changeThrottle(database: Database, key: ThrottleKey, how: (state: ThrottleState) => ThrottleState): Promise<ThrottleState> {
  return database.transaction(async (transaction) => {
    const [before] = await transaction.query<ThrottleState>(
      `insert into throttle (origin, tenant, client) values ($1, $2, $3)
       on conflict (origin, tenant, client) do update set client = excluded.client returning ${columns}`,
      paramsOf(key),
    );
    if (before === undefined) throw new TidemarkError('INTERNAL', 'The database keeps no throttle row.');
    const after = how(before);
    await transaction.query(
      `update throttle set blocked_until = clock_timestamp() + $4 * interval '1 ms', refusals = $5, pace_ms = $6,
         paced_at = clock_timestamp() - $7 * interval '1 ms'
       where origin = $1 and tenant = $2 and client = $3`,
      [...paramsOf(key), after.blockedMs, after.refusals, after.paceMs, after.pacedAgoMs],
    );
    return after;
  });
}
