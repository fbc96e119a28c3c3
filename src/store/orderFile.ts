// Files of orders: taken into the ledger line by line, planned once, and told as results.
// MUST take an order once: one whose id is known is answered by what the ledger has of it.
import type { JsonObject } from '../model.ts';
import type { Database } from './database.ts';
import { jsonb } from './params.ts';
import { escapeText } from './text.ts';

/** One line of a file, as the ledger takes it. */
export interface StagedLine {
  readonly line: number;
  readonly part: number;
  readonly assignment: string;
  readonly changeType: string;
  /** Why it is no order; null: it is one. */
  readonly reason: string | null;
  readonly order: {
    readonly id: string;
    readonly hash: string;
    readonly action: string;
    readonly type: string;
    readonly key: string | null;
    readonly member: string | null;
    readonly body: JsonObject | null;
  } | null;
}

interface FilePlace {
  readonly connection: string;
  /** The digest of the file's content. */
  readonly file: string;
}

/** Notes who sends the file. May be repeated: the first one stays. */
export async function openOrderFile(database: Database, { connection, file, by }: FilePlace & { readonly by: string }): Promise<void> {
  await database.transaction(async (transaction) => {
    const made = await transaction.query(
      'insert into order_file (connection, file, by) values ($1, $2, $3) on conflict do nothing returning file',
      [connection, file, escapeText(by)],
    );
    await transaction.query('insert into audit (connection, action, by, details) values ($1, $2, $3, $4)', [
      connection,
      'fulfil',
      escapeText(by),
      jsonb({ file, again: made.length === 0 }),
    ]);
  });
}

/** Takes lines of a file. May be repeated. */
export async function stageOrders(
  database: Database,
  { connection, file, lines }: FilePlace & { readonly lines: readonly StagedLine[] },
): Promise<void> {
  const params = [connection, file, jsonb(lines)] as const;
  await database.batch([
    { sql: takeOrders, params: [connection, params[2]] },
    { sql: takeLines, params },
    { sql: refuseOthers, params },
  ]);
}

const linesOf = (parameter: string): string => `jsonb_to_recordset(${parameter}::jsonb) as l(line integer, part integer, assignment text,
  "changeType" text, reason text, "order" jsonb)`;

const takeOrders = `
  insert into order_ledger (connection, id, hash, action, type, key, member, body)
  select $1, o.id, o.hash, o.action, o.type, o.key, o.member, o.body
  from ${linesOf('$2')} cross join lateral jsonb_to_record(l."order") as o(id text, hash text, action text, type text, key text, member text, body jsonb)
  where jsonb_typeof(l."order") = 'object' order by l.line, l.part
  on conflict (connection, id) do nothing`;

const takeLines = `
  insert into order_line (connection, file, line, part, assignment, change_type, id, code, message)
  select $1, $2, l.line, l.part, l.assignment, l."changeType", l."order" ->> 'id', case when l.reason is null then null else 'ORDER_INVALID' end, l.reason
  from ${linesOf('$3')}
  on conflict do nothing`;

/** An id that stands for something else already. */
const refuseOthers = `
  update order_line x set id = null, code = 'ORDER_INVALID',
    message = 'an order with this id and another content was sent before; nothing was sent for this one'
  from ${linesOf('$3')}, order_ledger k
  where x.connection = $1 and x.file = $2 and x.line = l.line and x.part = l.part and x.id is not null
    and k.connection = $1 and k.id = x.id and k.hash <> l."order" ->> 'hash'`;

/** How many deletions of a type the file asks for, what the store knows of that type, and what was deleted of it in the last 24 hours. */
export interface Deletions {
  readonly type: string;
  readonly counted: number;
  readonly applied: number;
}

/**
 * Ends the planning of a file: `judge` says why the deletions of a type are refused, or null. Once planned it stays so.
 */
export function planOrderFile(
  database: Database,
  { connection, file }: FilePlace,
  judge: (deletions: Deletions, live: (stream: string) => Promise<number | null>) => Promise<string | null>,
): Promise<void> {
  return database.transaction(async (transaction) => {
    const [row] = await transaction.query<{ planned: boolean }>(
      'select planned_at is not null as planned from order_file where connection = $1 and file = $2 for update',
      [connection, file],
    );
    if (row === undefined || row.planned) return;
    const found = await transaction.query<Deletions>(
      `select k.type, count(*) as counted, (
         select count(*) from order_ledger d
         where d.connection = $1 and d.action = 'delete' and d.type = k.type and d.state = 'executed' and d.ended_at > now() - interval '1 day'
       ) as applied
       from order_ledger k
       where k.connection = $1 and k.action = 'delete' and k.ended_at is null
         and exists (select from order_line l where l.connection = $1 and l.file = $2 and l.id = k.id)
       group by k.type`,
      [connection, file],
    );
    const live = async (stream: string): Promise<number | null> => {
      const [tally] = await transaction.query<{ live: number }>(
        `select live from tally where connection = $1 and stream = $2 and kind = 'record'`,
        [connection, stream],
      );
      return tally === undefined || tally.live === 0 ? null : tally.live;
    };
    for (const deletions of found) {
      const reason = await judge(deletions, live);
      if (reason === null) continue;
      await transaction.query(
        `update order_ledger k set state = 'errored', code = 'ORDER_REFUSED', message = $4, ended_at = now(), body = null
         where k.connection = $1 and k.action = 'delete' and k.type = $3 and k.state = 'waiting'
           and exists (select from order_line l where l.connection = $1 and l.file = $2 and l.id = k.id)`,
        [connection, file, deletions.type, reason],
      );
    }
    await transaction.query('update order_file set planned_at = now() where connection = $1 and file = $2', [connection, file]);
  });
}

export interface OrderCounts {
  readonly total: number;
  readonly executed: number;
  readonly errored: number;
  readonly skipped: number;
  readonly waiting: number;
}

/** How the orders of a file stand: of Identity Manager's, each assignment once. null when there is no such file. */
export async function countOrders(database: Database, { connection, file }: FilePlace): Promise<OrderCounts | null> {
  const [row] = await database.query<OrderCounts>(
    `select count(*) as total, count(*) filter (where outcome = 'executed') as executed, count(*) filter (where outcome = 'errored') as errored,
       count(*) filter (where outcome = 'skipped') as skipped, count(*) filter (where outcome is null) as waiting
     from (${outcomes}) o`,
    [connection, file],
  );
  return row === undefined || row.total === 0 ? null : row;
}

export interface OrderResult {
  readonly line: number;
  /** Of the order as the file has it. */
  readonly id: string;
  readonly changeType: string;
  readonly outcome: 'executed' | 'errored' | 'skipped';
  readonly objectId: string | null;
  readonly code: string | null;
  readonly message: string | null;
  /** A generated password, encrypted. */
  readonly sealed: string | null;
  /** When it ended: `after` of the next page. */
  readonly at: string;
}

/** One row for each order of the file as its author sees it: of several parts, the worst that became of them. */
const outcomes = `
  select min(l.line) as line, l.assignment as id, min(l.change_type) as "changeType",
    case when bool_or(l.code is not null or k.state = 'errored') then 'errored'
      when bool_or(k.ended_at is null) then null
      when bool_or(k.state = 'executed') then 'executed' else 'skipped' end as outcome,
    (array_agg(k.object_id order by l.part))[1] as "objectId",
    (array_agg(coalesce(l.code, k.code) order by l.part) filter (where coalesce(l.code, k.code) is not null))[1] as code,
    string_agg(distinct coalesce(l.message, k.message), '; ') as message,
    max(k.sealed) as sealed, coalesce(max(k.ended_at), '-infinity') as ended, bool_and(l.id is null or k.ended_at is not null) as over
  from order_line l left join order_ledger k on k.connection = l.connection and k.id = l.id
  where l.connection = $1 and l.file = $2
  group by l.line, l.assignment`;

const resultsAtOnce = 10_000;

/** The orders of the file that have ended, in the order in which they did: the next ones behind `after`. */
export function readResults(
  database: Database,
  { connection, file, after }: FilePlace & { readonly after: Pick<OrderResult, 'at' | 'line'> | null },
): Promise<OrderResult[]> {
  return database.query<OrderResult>(
    `select line, id, "changeType", outcome, "objectId", code, message, sealed, ended::text as at
     from (${outcomes}) o where over and (ended, line) > ($3::timestamptz, $4) order by ended, line limit ${resultsAtOnce}`,
    [connection, file, after?.at ?? '-infinity', after?.line ?? 0],
  );
}

export interface OrderFileRow extends OrderCounts {
  readonly connection: string;
  readonly file: string;
  readonly by: string;
  readonly receivedAt: string;
}

/** The last files of orders, newest first. */
export function listOrderFiles(
  database: Database,
  { connection, limit }: { readonly connection: string | null; readonly limit: number },
): Promise<OrderFileRow[]> {
  return database.query<OrderFileRow>(
    `select f.connection, f.file, f.by, f.received_at as "receivedAt", c.*
     from (select * from order_file where $1::text is null or connection = $1 order by received_at desc limit $2) f
     cross join lateral (
       select count(*) as total, count(*) filter (where k.state = 'executed') as executed,
         count(*) filter (where l.code is not null or k.state = 'errored') as errored,
         count(*) filter (where k.state = 'skipped') as skipped, count(*) filter (where k.state in ('waiting', 'sent')) as waiting
       from order_line l left join order_ledger k on k.connection = l.connection and k.id = l.id
       where l.connection = f.connection and l.file = f.file
     ) c order by f.received_at desc`,
    [connection, limit],
  );
}
