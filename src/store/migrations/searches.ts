// The ways of a search: indexes of what users search by (query/indexed.ts says which, and why so few), and the places where records are.
// Values count without case, and no more of them than an index can hold.
export const searches = `
-- Every connection and stream that has records, found by leaping through the index from one to the next.
create view place as
with recursive place as (
  (select connection, stream from record order by connection, stream limit 1)
  union all
  select n.connection, n.stream from place p cross join lateral (
    select r.connection, r.stream from record r where (r.connection, r.stream) > (p.connection, p.stream) order by r.connection, r.stream limit 1
  ) n
)
select connection, stream from place;

create unique index record_of_asset on record (num);
create index record_by_change on record (last_changed);
-- Directories write ids without capital letters: this index is empty for them.
create index record_by_any_case on record (left(lower(id), 200) text_pattern_ops) where id <> lower(id);
-- What others are related through.
create index record_by_name on record (left(lower(body ->> 'displayName'), 200) text_pattern_ops) where stream in ('groups', 'roles');

create index asset_by_name on asset (left(lower(document #>> '{asset,assetDetail,name}'), 200) text_pattern_ops)
where document #>> '{asset,assetDetail,name}' is not null;
create index asset_by_external_id on asset (left(lower(document #>> '{asset,assetHeader,externalAssetId}'), 200) text_pattern_ops)
where document #>> '{asset,assetHeader,externalAssetId}' is not null;
-- Those that are active are nearly all.
create index asset_by_status on asset (left(lower(document #>> '{asset,assetHeader,status}'), 200) text_pattern_ops)
where lower(document #>> '{asset,assetHeader,status}') <> 'active';
-- These are nearly always another field's value, which has its index: they hold what is not.
create index asset_by_email on asset (left(lower(document #>> '{asset,assetDetail,userAssetClass,email}'), 200) text_pattern_ops)
where document #>> '{asset,assetDetail,userAssetClass,email}' is not null
  and lower(document #>> '{asset,assetDetail,userAssetClass,email}') is distinct from lower(document #>> '{asset,assetHeader,externalAssetId}');
create index asset_by_user_name on asset (left(lower(document #>> '{asset,assetDetail,userAssetClass,displayName}'), 200) text_pattern_ops)
where document #>> '{asset,assetDetail,userAssetClass,displayName}' is not null
  and lower(document #>> '{asset,assetDetail,userAssetClass,displayName}') is distinct from lower(document #>> '{asset,assetDetail,name}');
create index asset_by_group_name on asset (left(lower(document #>> '{asset,assetDetail,groupAssetClass,displayName}'), 200) text_pattern_ops)
where document #>> '{asset,assetDetail,groupAssetClass,displayName}' is not null
  and lower(document #>> '{asset,assetDetail,groupAssetClass,displayName}') is distinct from lower(document #>> '{asset,assetDetail,name}');
create index asset_by_role_name on asset (left(lower(document #>> '{asset,assetDetail,roleAssetClass,displayName}'), 200) text_pattern_ops)
where document #>> '{asset,assetDetail,roleAssetClass,displayName}' is not null
  and lower(document #>> '{asset,assetDetail,roleAssetClass,displayName}') is distinct from lower(document #>> '{asset,assetDetail,name}');
`;
