// Commits of pages that come late: those of one worker wait in the database, before they do anything, until the test lets them go on.
import type { Site } from './site.ts';

const setting = 'test.late';
const lock = 1;

/** The environment of the worker whose commits wait: its sessions are marked. However long it takes, the database does not give them up. */
export function lateSession({ env }: Site): Readonly<Record<string, string>> {
  const url = new URL(env['TIDEMARK_DATABASE_URL'] ?? '');
  url.searchParams.set('options', `-c ${setting}=on`);
  url.searchParams.set('statement_timeout', '600000');
  return { TIDEMARK_DATABASE_URL: url.href };
}

/** Makes them wait, and counts them. A sequence is not rolled back with what is refused. */
export async function watchCommits(site: Site): Promise<void> {
  const note = `create function note_commit() returns trigger language plpgsql as $$ begin
    if current_query() not like '%advance_checkpoint%' then return null; end if;
    if tg_argv[0] <> 'tried' then
      if current_setting('test.waited', true) = 'on' then perform nextval(tg_argv[0]); end if;
    elsif current_setting('${setting}', true) = 'on' and not pg_try_advisory_xact_lock_shared(${lock}) then
      perform nextval('tried'), set_config('test.waited', 'on', true);
      perform pg_advisory_xact_lock_shared(${lock});
    end if;
    return null; end $$`;
  const statements = [
    ...['tried', 'moved', 'ended'].map((counter) => `create sequence ${counter} minvalue 0`),
    note,
    `create trigger tried before update on checkpoint for each statement execute function note_commit('tried')`,
    `create trigger moved after update on checkpoint for each row execute function note_commit('moved')`,
    `create trigger ended after update on checkpoint for each statement execute function note_commit('ended')`,
  ];
  await site.database.batch(statements.map((sql) => ({ sql, params: [] })));
}

interface Commits {
  readonly tried: number;
  /** Of those, how many moved a checkpoint. */
  readonly moved: number;
  readonly ended: number;
}

/** Of the commits that waited. */
export async function commitsOf(site: Site): Promise<Commits> {
  const count = (name: string): string => `(select last_value + is_called::int from ${name}) as ${name}`;
  const [row] = await site.database.query<Commits & Record<string, number>>(`select ${['tried', 'moved', 'ended'].map(count).join(', ')}`);
  if (row === undefined) throw new Error('The commits are not counted.');
  return row;
}

/** Lets none of them go on while `work` is done. */
export async function holdingCommits(site: Site, work: () => Promise<void>): Promise<void> {
  await site.database.transaction(async (transaction) => {
    await transaction.query(`select pg_advisory_xact_lock(${lock})`);
    await work();
  });
}
