// The HTTPS server: reads a request, asks for its faults, answers it, and writes down what it saw.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Refusal, errorBody } from './answer.ts';
import type { Answer } from './answer.ts';
import { answerBatch } from './batch.ts';
import type { Cloud } from './cloud.ts';
import { isPageFault, isReplacing, isTransport } from './faults.ts';
import type { Fault, FaultPlan, PageFault, Phase } from './faults.ts';
import { answerGraph, authorize } from './graph.ts';
import type { GraphRequest, Meter } from './graph.ts';
import { instanceDiscovery, issueToken, openidConfiguration } from './login.ts';
import { mutateMix } from './mix.ts';
import { applyMutation } from './mutations.ts';
import { editPage } from './pages.ts';
import type { PageMemory } from './pages.ts';
import { replacedAnswer } from './replaced.ts';
import { send } from './transport.ts';

/** A request as it was seen. MUST hold no secret: of the headers only these, and of the authorization only whether it was there. */
export interface SeenRequest {
  /** Of a container registry or its storage: whom was asked. */
  readonly host?: string;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly phase: Phase;
  readonly status: number;
  /** The requests of a batch, each as `METHOD /path STATUS`, in the order they were carried out. */
  readonly items: readonly string[];
  /** Of the answer's body, as sent. */
  readonly bytes: number;
  readonly faults: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
}

export interface Traffic {
  readonly cloud: Cloud;
  readonly plan: FaultPlan;
  readonly meter: Meter;
  readonly memory: PageMemory;
  record(request: SeenRequest): void;
}

/** One of the origins of the cloud. */
export interface Site {
  origin(): string;
  phaseOf(method: string, path: string, query: string): Phase;
  /** `items` takes what one request asked for besides. Throws refusals. */
  answer(asked: Asked, items: string[]): Answer;
  edit(answer: Answer, faults: readonly PageFault[], of: { readonly url: string; readonly path: string }): Answer;
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: GraphRequest['headers'];
  readonly body: string;
}

const shownHeaders = ['accept-encoding', 'client-request-id', 'consistencylevel', 'prefer', 'user-agent', 'x-ms-throttle-priority'];
const largestBody = 4 << 20;

/** What kind of request this is, by its method, path and options. */
function phaseOf(method: string, path: string, query: string): Phase {
  if (path.endsWith('/oauth2/v2.0/token')) return 'token';
  if (!path.startsWith('/v1.0/')) return 'discovery';
  if (path === '/v1.0/$batch') return 'batch';
  if (method !== 'GET') return 'write';
  if (/(^|&)(\$|%24)skiptoken=/.test(query)) return 'page';
  if (/(^|&)(\$|%24)deltatoken=latest(&|$)/.test(query)) return 'latest';
  if (/(^|&)(\$|%24)deltatoken=/.test(query)) return 'delta';
  if (path.endsWith('/delta')) return 'first';
  if (path.startsWith('/v1.0/applications(')) return 'application';
  const depth = path.replace(/^\/v1\.0\/(roleManagement\/directory\/)?/, '').split('/').length;
  return depth % 2 === 0 ? 'object' : 'list';
}

/** Sign-in and directory. */
export function directorySite(traffic: Traffic): Site {
  return {
    origin: () => traffic.cloud.origin(),
    phaseOf,
    answer: ({ path, ...asked }, items) =>
      path.startsWith('/v1.0/')
        ? directory(traffic, { ...asked, path: path.slice('/v1.0/'.length) }, items)
        : signIn(traffic.cloud, asked.method, path, asked.body, asked.headers['content-type']),
    edit: (answer, faults, of) => editPage(answer, faults, { ...of, memory: traffic.memory }),
  };
}

/** Answers one request from the network. Never rejects: a defect becomes a 500 that names itself. */
export async function serve(traffic: Traffic, site: Site, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const target = request.url ?? '/';
  const at = target.indexOf('?');
  const path = at < 0 ? target : target.slice(0, at);
  const query = at < 0 ? '' : target.slice(at + 1);
  const method = request.method ?? 'GET';
  const phase = site.phaseOf(method, path, query);
  const body = await readBody(request);
  const faults = traffic.plan.of(phase, `${method} ${target}`);
  const items: string[] = [];
  const answer = answerWith(traffic, site, faults, { path, url: `${site.origin()}${target}` }, () =>
    site.answer({ method, path, query, headers: headersOf(request), body }, items),
  );
  const bytes = await send(request, response, answer, faults.filter(isTransport));
  const headers = Object.fromEntries(
    shownHeaders.flatMap((name) => (request.headers[name] === undefined ? [] : [[name, String(request.headers[name])]])),
  );
  traffic.record({
    method,
    path,
    query,
    phase,
    status: answer.status,
    items,
    bytes,
    faults: faults.map((fault) => fault.kind),
    headers: { ...headers, ...(request.headers.authorization === undefined ? {} : { authorization: 'present' }) },
  });
}

function headersOf(request: IncomingMessage): Record<string, string | undefined> {
  return Object.fromEntries(
    ['authorization', 'consistencylevel', 'content-type', 'prefer'].map((name) => {
      const value = request.headers[name];
      return [name, Array.isArray(value) ? value.join(',') : value];
    }),
  );
}

/** The answer, or what the faults make of it. */
function answerWith(
  traffic: Traffic,
  site: Site,
  faults: readonly Fault[],
  of: { readonly path: string; readonly url: string },
  real: () => Answer,
): Answer {
  const replaced = faults.find(isReplacing);
  if (replaced?.kind === 'status' && replaced.afterCommit === true) guarded(real);
  if (replaced !== undefined) return replacedAnswer(traffic.cloud, replaced, of.path.replace(/^\/v1\.0\//, ''));
  const answer = guarded(real);
  for (const fault of faults) {
    if (fault.kind !== 'mutate') continue;
    if (typeof fault.changes === 'number') mutateMix(traffic.cloud.tenant, fault.changes);
    else for (const change of fault.changes) applyMutation(traffic.cloud.tenant, change);
  }
  return site.edit(answer, faults.filter(isPageFault), of);
}

function guarded(real: () => Answer): Answer {
  try {
    return real();
  } catch (error) {
    if (error instanceof Refusal) return error.answer;
    return {
      status: 500,
      headers: {},
      body: errorBody('SimulatorDefect', error instanceof Error ? (error.stack ?? error.message) : 'unknown'),
    };
  }
}

/** `items` takes what a batch carried out. */
function directory(traffic: Traffic, request: GraphRequest, items: string[]): Answer {
  if (request.path !== '$batch') return answerGraph(traffic.cloud, traffic.meter, request);
  if (request.method !== 'POST') throw new Refusal(405, 'Request_BadRequest', 'A batch is posted.');
  const authorization = request.headers['authorization'];
  authorize(traffic.cloud, authorization);
  return answerBatch(request.body, authorization, (item) => {
    const line = `${item.method} /v1.0/${item.path}${item.query === '' ? '' : `?${item.query}`}`;
    const faults = traffic.plan.of('item', line);
    const of = { path: `/v1.0/${item.path}`, url: traffic.cloud.origin() };
    const answer = answerWith(traffic, directorySite(traffic), faults, of, () => answerGraph(traffic.cloud, traffic.meter, item));
    items.push(`${line} ${answer.status}`);
    return answer;
  });
}

function signIn(cloud: Cloud, method: string, path: string, body: string, type: string | undefined): Answer {
  const [, tenant = '', ...rest] = path.split('/');
  const name = rest.join('/');
  if (method === 'GET' && name === 'v2.0/.well-known/openid-configuration') return openidConfiguration(cloud, tenant);
  if (method === 'GET' && name === 'discovery/instance') return instanceDiscovery(cloud);
  if (method === 'POST' && name === 'oauth2/v2.0/token') {
    if (type?.startsWith('application/x-www-form-urlencoded') !== true)
      return new Refusal(400, 'invalid_request', 'The body is not a form.').answer;
    return issueToken(cloud, tenant, new URLSearchParams(body));
  }
  return { status: 404, headers: { 'content-type': 'text/html; charset=utf-8' }, body: '<html><body>Not found</body></html>' };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    size += bytes.length;
    if (size > largestBody) throw new Error('The request body is too large.');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}
