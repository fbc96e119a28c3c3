// Findings (document 004): what each record says of a flaw, and the flaws that there are. An older release leaves them alone.
export const findings = `
-- What a record says of a flaw of an asset: by the record's number. Several records may tell the same flaw.
create table evidence (
  num bigint primary key,
  connection text collate "C" not null,
  key text collate "C" not null,
  asset_class text not null,
  asset_id text collate "C" not null,
  status text not null check (status in ('open', 'fixed', 'suppressed')),
  severity smallint not null check (severity between 1 and 5),
  qds smallint not null check (qds between 0 and 100),
  -- Where it is one.
  cve text,
  -- Its source answers nothing any more: it counts only for flaws that nothing else ever told.
  retired boolean not null default false
);
create index evidence_retired on evidence (connection) where retired;
create index evidence_by_key on evidence (connection, key);
create index evidence_by_asset on evidence (connection, asset_class, asset_id);

-- One row per flaw and asset, made of its evidence after each run. It stays when its evidence goes: then it is fixed.
create table finding (
  connection text collate "C" not null,
  key text collate "C" not null,
  -- The record whose document is shown.
  num bigint not null,
  asset_class text not null,
  asset_id text collate "C" not null,
  status text not null check (status in ('open', 'fixed', 'suppressed')),
  severity smallint not null,
  qds smallint not null,
  cve text,
  first_seen timestamptz not null default now(),
  -- When it was last there, of one that is fixed; while it is not, every complete run sees it.
  last_seen timestamptz,
  status_since timestamptz not null default now(),
  -- How often it came back after it was fixed.
  reopened integer not null default 0,
  changed_run bigint not null,
  primary key (connection, key)
);
create index finding_by_num on finding (num);
create index finding_by_asset on finding (connection, asset_class, asset_id);
create index finding_by_severity on finding (severity, status);
create index finding_by_cve on finding (lower(cve)) where cve is not null;

-- What a registry says of an image, by its digest: it cannot change, and is read once.
create table image (
  digest text collate "C" primary key,
  content jsonb not null,
  read_at timestamptz not null default now()
);

-- What status means for containers; other documents have no such path.
create index asset_by_container_status on asset (left(lower(document #>> '{asset,assetDetail,containerInstanceAssetClass,status}'), 200) text_pattern_ops)
where lower(document #>> '{asset,assetDetail,containerInstanceAssetClass,status}') <> 'active';

-- Of this walk: objects read and not kept (healthy, and not known before), and how many each collection answered.
alter table checkpoint add column passed_over bigint not null default 0;
alter table checkpoint add column answered jsonb not null default '{}';
`;
