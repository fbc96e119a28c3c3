// `$filter` of lists: equality of properties, joined by `and`. New objects that are not known everywhere are not found by it.
// Source: learn.microsoft.com/graph/aad-advanced-queries (properties that support eq without advanced queries)
import type { Json } from '../src/model.ts';
import { badRequest, unsupportedQuery } from './answer.ts';
import type { Cloud } from './cloud.ts';
import { findByKey } from './keys.ts';
import type { Ref } from './random.ts';
import type { Changing } from './tenant.ts';
import { property } from './views.ts';

type Term = readonly [name: string, value: Json];

const filterable: Readonly<Record<Changing, readonly string[]>> = {
  user: [
    'id',
    'userPrincipalName',
    'mail',
    'mailNickname',
    'displayName',
    'employeeId',
    'accountEnabled',
    'onPremisesImmutableId',
    'userType',
  ],
  group: ['id', 'displayName', 'mail', 'mailNickname', 'uniqueName', 'mailEnabled', 'securityEnabled'],
  device: ['id', 'deviceId', 'displayName', 'operatingSystem'],
  servicePrincipal: ['id', 'appId', 'displayName'],
  directoryRole: ['id', 'roleTemplateId'],
  application: ['id', 'appId', 'displayName'],
  administrativeUnit: ['id', 'displayName'],
};
/** Keys: found without looking at every object. */
const keys: Readonly<Record<Changing, readonly string[]>> = {
  user: ['id', 'userPrincipalName'],
  group: ['id', 'uniqueName'],
  device: ['id', 'deviceId'],
  servicePrincipal: ['id'],
  directoryRole: ['id'],
  application: ['id'],
  administrativeUnit: ['id'],
};

/** The living objects that meet a filter, in order. Throws 400 for a filter that is not of this form. */
export function* filtered(cloud: Cloud, kind: Changing, text: string): Generator<Ref> {
  const terms = termsOf(kind, text);
  const meets = (ref: Ref): boolean => terms.every(([name, value]) => same(property(cloud.tenant, ref, name) ?? null, value));
  for (const ref of candidates(cloud, kind, terms)) {
    if (cloud.tenant.isLive(ref) && meets(ref) && !cloud.replication.hides(cloud.tenant.id(ref))) yield ref;
  }
}

function* candidates(cloud: Cloud, kind: Changing, terms: readonly Term[]): Generator<Ref> {
  const key = terms.find(([name]) => keys[kind].includes(name));
  if (key === undefined) {
    for (let index = 0; index < cloud.tenant.count(kind); index += 1) yield { kind, index };
    return;
  }
  const [name, value] = key;
  const text = typeof value === 'string' ? value : '';
  const ref = findByKey(cloud.tenant, kind, name === 'id' ? text : `(${name}='${text.replaceAll("'", "''")}')`);
  if (ref !== null) yield ref;
}

/** Texts are compared without case. */
function same(held: Json, value: Json): boolean {
  return typeof held === 'string' && typeof value === 'string' ? held.toLowerCase() === value.toLowerCase() : held === value;
}

const term = /^\s*(\w+)\s+eq\s+(?:'((?:[^']|'')*)'|(true|false))\s*(?:and\s+|$)/i;

function termsOf(kind: Changing, text: string): Term[] {
  const terms: Term[] = [];
  for (let rest = text; rest !== '';) {
    const found = term.exec(rest);
    if (found === null) throw badRequest('Invalid filter clause: only equality of properties joined by and is simulated.');
    const [whole, name = '', quoted, flag] = found;
    if (!filterable[kind].includes(name))
      throw unsupportedQuery(`Unsupported or invalid query filter clause specified for property '${name}'.`);
    terms.push([name, quoted === undefined ? flag?.toLowerCase() === 'true' : quoted.replaceAll("''", "'")]);
    rest = rest.slice(whole.length);
  }
  return terms;
}
