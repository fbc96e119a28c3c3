// The delta queries of users, groups, devices, service principals and directory roles: a first round over everything, later rounds over what changed, links that remember the query.
// Source: learn.microsoft.com/graph/delta-query-overview, /graph/api/{user,group,device,serviceprincipal,directoryrole}-delta
import type { JsonObject } from '../src/model.ts';
import { badRequest, expiredPage, syncStateNotFound } from './answer.ts';
import type { Answer } from './answer.ts';
import { deltaLifeMs, pageLifeMs } from './cloud.ts';
import type { Cloud } from './cloud.ts';
import { seesHidden } from './permissions.ts';
import { changedPage, wholePage } from './rounds.ts';
import type { RoundQuery } from './rounds.ts';
import { type CollectionName, contextOf, kinds } from './lists.ts';
import { deltaRelations, hasProperty, types } from './properties.ts';
import type { LinkRelation } from './properties.ts';
import { allow, idsOfFilter, selectOf } from './query.ts';
import type { Query } from './query.ts';
import type { LinkState } from './seal.ts';

const mostIds = 50;

export interface Asked {
  /** `Prefer: return=minimal`: only properties that changed. */
  readonly minimal: boolean;
  /** The application's permissions. */
  readonly roles: readonly string[];
}

/** Answers one page of a round. */
export function delta(cloud: Cloud, name: CollectionName, query: Query, asked: Asked): Answer {
  const path = `${name}/delta`;
  const kind = kinds[name];
  allow(query, ['$select', '$filter', '$skiptoken', '$deltatoken']);
  const state = begin(cloud, name, path, query);

  const known: { readonly byDefault: readonly LinkRelation[]; readonly all: readonly LinkRelation[] } = deltaRelations[kind];
  const round: RoundQuery = {
    kind,
    properties: state.select?.filter((property) => property !== 'id' && hasProperty(types[kind], property)) ?? null,
    relations: state.select === null ? known.byDefault : known.all.filter((relation) => state.select?.includes(relation)),
    ids: state.ids === null ? null : new Set(state.ids),
    // Only the pages of users and groups document it.
    seesHidden: seesHidden(asked.roles),
    minimal: asked.minimal && (kind === 'user' || kind === 'group'),
  };
  const latest = query.get('$deltatoken') === 'latest';
  const page = latest
    ? { value: [], next: null }
    : state.from === null
      ? wholePage(cloud, round, state.at, state.within)
      : changedPage(cloud, round, { from: state.from, upTo: state.upTo, at: state.at, within: state.within });
  const link = (to: Partial<LinkState>, option: '$skiptoken' | '$deltatoken'): string =>
    `${cloud.origin()}/v1.0/${path}?${option}=${cloud.sealer.seal({ ...state, issuedAt: cloud.now(), size: cloud.size, epoch: cloud.epoch, ...to })}`;
  const end =
    page.next === null
      ? { '@odata.deltaLink': link({ kind: 'delta', from: state.upTo, at: 0, within: 0 }, '$deltatoken') }
      : { '@odata.nextLink': link({ kind: 'page', at: page.next.at, within: page.next.within }, '$skiptoken') };
  const body: JsonObject = { '@odata.context': contextOf(cloud, name, state.select), ...end, value: page.value };
  return { status: 200, headers: {}, body, again: () => link({ kind: 'page' }, '$skiptoken') };
}

/** Where this request stands in its round. The token holds the query: options sent beside it MUST NOT differ. */
function begin(cloud: Cloud, name: CollectionName, path: string, query: Query): LinkState {
  const select = selectOf(query, types[kinds[name]], deltaRelations[kinds[name]].all);
  const filter = query.get('$filter');
  const ids = filter === undefined ? null : idsOfFilter(filter, mostIds);
  const deltatoken = query.get('$deltatoken');
  const skiptoken = query.get('$skiptoken');
  if (deltatoken !== undefined && skiptoken !== undefined) throw badRequest('$deltatoken and $skiptoken cannot be used together.');
  // An empty token, as in the Location of a 410, begins anew like none.
  const token = skiptoken ?? (deltatoken === 'latest' || deltatoken === '' ? undefined : deltatoken);
  const now = cloud.now();
  const upTo = cloud.tenant.log.length;
  if (token === undefined) {
    return {
      kind: 'page',
      path,
      select,
      ids,
      top: 0,
      from: null,
      upTo,
      at: 0,
      within: 0,
      issuedAt: now,
      size: cloud.size,
      epoch: cloud.epoch,
    };
  }
  const state = cloud.sealer.open(token);
  const kind = skiptoken === undefined ? 'delta' : 'page';
  if (state.kind !== kind || state.path !== path)
    throw badRequest('The token does not belong to this request.', 'Directory_InvalidPageToken');
  if ((select !== null && String(select) !== String(state.select)) || (ids !== null && String(ids) !== String(state.ids))) {
    throw badRequest('$select and $filter are part of the token and cannot be changed.');
  }
  if (now - state.issuedAt > (kind === 'delta' ? deltaLifeMs : pageLifeMs)) throw kind === 'delta' ? syncStateNotFound() : expiredPage();
  // A restarted simulator has forgotten its changes; only what was told before the first change still holds.
  if (state.size !== cloud.size || (state.epoch !== cloud.epoch && state.upTo > 0)) throw syncStateNotFound();
  return kind === 'page' ? state : { ...state, kind: 'page', upTo, at: 0, within: 0 };
}
