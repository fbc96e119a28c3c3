// The management API as an origin: which requests are of which kind, and what faults make of its pages.
import type { JsonObject } from '../../src/model.ts';
import type { Answer } from '../answer.ts';
import type { PageFault } from '../faults.ts';
import { reread } from '../json.ts';
import { poison, poisonText } from '../poison.ts';
import type { Site, Traffic } from '../server.ts';
import { answerManagement, type Management } from './management.ts';

export function managementSite({ cloud }: Pick<Traffic, 'cloud'>, management: Management): Site {
  return {
    origin: management.origin,
    phaseOf: (method) => (method === 'POST' ? 'query' : 'subscriptions'),
    answer: ({ headers, ...asked }, items) =>
      answerManagement(cloud, management, { ...asked, authorization: headers['authorization'] }, items),
    edit: editRows,
  };
}

/** A page of a query with the faults that it knows; the counts it tells stay, but for rows that come twice. */
function editRows(answer: Answer, faults: readonly PageFault[]): Answer {
  if (faults.length === 0 || answer.status !== 200 || typeof answer.body !== 'string') return answer;
  const body: JsonObject = reread(answer.body);
  const headers: Record<string, string> = { ...answer.headers };
  const rows = (): JsonObject[] => reread(JSON.stringify(body['data'] ?? []));
  let paddedTo = 0;
  for (const fault of faults) {
    if (fault.kind === 'header') headers[fault.name.toLowerCase()] = fault.value;
    else if (fault.kind === 'padding') paddedTo = fault.bytes;
    else if (fault.kind === 'missingValue') delete body['data'];
    else if (fault.kind === 'omit') body['data'] = rows().slice(fault.count);
    else if (fault.kind === 'duplicate') body['data'] = [...rows(), ...rows().slice(0, fault.count ?? 3)];
    else if (fault.kind === 'poison') body['data'] = poison(rows(), fault.how);
    if (Array.isArray(body['data'])) body['count'] = body['data'].length;
  }
  const text = poisonText(JSON.stringify(body));
  return { ...answer, headers, body: `${text.slice(0, -1)}${' '.repeat(Math.max(paddedTo - text.length, 0))}}` };
}
