// What connections of one tenant share: how its source throttles them, and how many of their runs are under way.
export const tenants = `
-- Microsoft Graph meters an application in a tenant, at one service: these three are throttled together, whichever connection or worker asks.
create table throttle (
  origin text collate "C" not null,
  tenant text collate "C" not null,
  client text collate "C" not null,
  blocked_until timestamptz not null default now(),
  -- In a row, each after the wait of the one before.
  refusals integer not null default 0,
  pace_ms integer not null default 0,
  paced_at timestamptz not null default now(),
  primary key (origin, tenant, client)
);

-- Runs are admitted before they are planned. A run opened by a release that did not ask has none of the three, and holds no slot.
alter table run
  add column tenant text collate "C",
  -- When a waiting run asks again: one that does not is passed over.
  add column asks_at timestamptz,
  add column admitted_at timestamptz;

-- Tenants that are blocked for long: their runs sleep. They would hold everybody's slots for hours.
create function blocked_tenants() returns table (tenant text) language sql stable as $$
  select distinct t.origin || ' ' || t.tenant from throttle t where t.blocked_until > now() + interval '1 minute'
$$;

-- The runs that wait, in their order: those that somebody asked for first, then by number. A run may not go before another of its tenant;
-- of one whose tenant is full, or blocked for long, the next may.
create function waiting_runs(per_tenant integer) returns table (run bigint, place bigint, turn bigint) language sql stable as $$
  with unfinished as (
    select r.run, r.admitted_at is null as waits, r.trigger = 'schedule' as later, b.tenant is null as is_open,
      row_number() over (partition by r.tenant order by r.admitted_at is null, r.trigger = 'schedule', r.run) as of_tenant
    from run r left join blocked_tenants() b on b.tenant = r.tenant
    where r.verdict is null and (r.admitted_at is not null or r.asks_at > now() - interval '15 s')
  ), waiting as (
    select u.run, u.later, u.is_open and u.of_tenant <= per_tenant as may from unfinished u where u.waits
  )
  -- The turn counts only those that may.
  select w.run, row_number() over (order by w.later, w.run),
    case when w.may then row_number() over (partition by w.may order by w.later, w.run) end
  from waiting w
$$;

-- Gives the run a slot, or says when to ask again. Answers no row for a run that has ended.
create function claim_slot(of_run bigint, of_tenant text, at_once integer, per_tenant integer)
returns table (place bigint, wait_ms integer) language plpgsql as $$
declare
  at_place bigint;
  at_turn bigint;
  under_way bigint;
begin
  if exists (select from run r where r.run = of_run and r.admitted_at is not null) then
    return query select 0::bigint, 0;
    return;
  end if;
  -- One claim at a time: two that count the same slots would both take the last.
  perform pg_advisory_xact_lock(7433627);
  update run r set tenant = of_tenant, asks_at = clock_timestamp() where r.run = of_run and r.verdict is null;
  if not found then
    return;
  end if;
  select w.place, w.turn into at_place, at_turn from waiting_runs(per_tenant) w where w.run = of_run;
  select count(*) into under_way from run r
  where r.verdict is null and r.admitted_at is not null and r.tenant not in (select b.tenant from blocked_tenants() b);
  if at_turn <= at_once - under_way then
    update run r set admitted_at = clock_timestamp(), asks_at = null where r.run = of_run;
    return query select 0::bigint, 0;
    return;
  end if;
  -- Those in front ask often, those far behind seldom: a slot is free for a second or two, and a thousand who wait ask some thirty times a second.
  place := at_place;
  wait_ms := least(greatest(1000, at_place * 200) * (1 + random() / 2), 60000);
  update run r set asks_at = clock_timestamp() + wait_ms * interval '1 ms' where r.run = of_run;
  return next;
end $$;
`;
