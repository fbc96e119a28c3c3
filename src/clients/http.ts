// HTTP to the sources: one pool per origin, TLS, limits on size and time, no redirect followed. It repeats nothing and reads no environment.
// MUST NOT put a query, header or body into an error.
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import { TidemarkError } from '../errors.ts';
import { acceptedEncodings, type HashName, readBody } from './httpBody.ts';
import { faultOf, unavailable } from './httpFault.ts';
import { isLinkLocal, isLoopback, type ProxyConfig, proxyFor } from './proxy.ts';
import { requestName } from './redact.ts';
import { secureContextOf } from './trust.ts';

export interface HttpLimits {
  /** Until the connection stands. */
  readonly connectMs: number;
  /** Until the answer's headers are there. */
  readonly headersMs: number;
  /** Between two pieces of the body. */
  readonly idleMs: number;
  /** The whole request: what bounds a source that sends a byte a second. */
  readonly totalMs: number;
  /** Of the decoded body. */
  readonly maxBytes: number;
}

/** The total stays under the time after which a pull counts as stalled. */
export const defaultLimits: HttpLimits = {
  connectMs: 10_000,
  headersMs: 60_000,
  idleMs: 30_000,
  totalMs: 180_000,
  maxBytes: 64 * 1024 * 1024,
};

/** An error's body is read for its code only. */
const maxErrorBytes = 64 * 1024;

const connectionsPerOrigin = 16;

export interface HttpOptions {
  /** PEM certificates trusted besides those of the runtime. */
  readonly ca?: string | null;
  /** PEM of the certificate, with its key, that is shown to a server that asks for one. */
  readonly client?: string | null;
  readonly proxy?: ProxyConfig;
  readonly limits?: Partial<HttpLimits>;
  /** Whether http is accepted for link-local addresses too: the endpoint of a machine's own identity. @default false */
  readonly linkLocal?: boolean;
}

interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
  /** Called at each sign of life. */
  readonly alive?: () => void;
  /** Of the decoded body, where this answer is to be smaller than the limits say. */
  readonly maxBytes?: number;
  /** Has the body's hash in the answer. */
  readonly hash?: HashName;
  /** A redirect is an answer too: the caller judges its location. @default it is refused */
  readonly redirect?: 'answer';
}

export interface HttpAnswer {
  readonly status: number;
  /** By lower-case name; several of one name joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** Of the body, as sent. */
  readonly bytes: number;
  /** Of the decoded body's bytes, in hex; null when it was not asked for. */
  readonly hash: string | null;
}

export interface Http {
  /**
   * Sends one request and reads its answer whole; every status is an answer, a redirect only where asked for. An aborted signal throws its own reason.
   * Codes: SOURCE_UNAVAILABLE (details.fault), SOURCE_SHAPE_CHANGED (too large, unknown encoding), LINK_REFUSED (a redirect), CONFIG_INVALID (http outside loopback, untrusted certificate).
   */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Ends all connections. Idempotent. */
  close(): Promise<void>;
}

export function createHttp(options: HttpOptions = {}): Http {
  const limits = { ...defaultLimits, ...options.limits };
  const ways = createWays(options, limits);
  return {
    async send(request) {
      checkOrigin(request.url, options.linkLocal ?? false);
      return send(ways, limits, request);
    },
    close: async () => {
      await Promise.all([ways.direct.destroy(), ways.proxied?.destroy()]);
    },
  };
}

/** The two ways out; a request takes the one that its address has. */
interface Ways {
  readonly direct: Dispatcher;
  readonly proxied: Dispatcher | null;
  readonly proxy: ProxyConfig;
}

function createWays({ ca, client, proxy = { url: null, except: null } }: HttpOptions, limits: HttpLimits): Ways {
  const tls = { secureContext: secureContextOf({ ca: ca ?? null, client: client ?? null }) };
  const connect = { ...tls, timeout: limits.connectMs };
  const agent = {
    connections: connectionsPerOrigin,
    connect,
    headersTimeout: limits.headersMs,
    bodyTimeout: limits.idleMs,
    maxHeaderSize: 32 * 1024,
  };
  const proxied = proxy.url === null ? null : new ProxyAgent({ ...agent, uri: proxy.url, requestTls: tls, proxyTls: tls });
  return { direct: new Agent(agent), proxied, proxy };
}

async function send(ways: Ways, limits: HttpLimits, request: HttpRequest): Promise<HttpAnswer> {
  request.signal.throwIfAborted();
  const name = requestName(request.method, request.url);
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), limits.totalMs);
  try {
    return await exchange(wayOf(ways, request.url), request, limits, name, AbortSignal.any([request.signal, deadline.signal]));
  } catch (error) {
    request.signal.throwIfAborted();
    if (deadline.signal.aborted) throw unavailable(name, 'timeout', `not answered within ${limits.totalMs} ms`, { cause: error });
    throw faultOf(name, error);
  } finally {
    clearTimeout(timer);
  }
}

function wayOf({ direct, proxied, proxy }: Ways, url: URL): Dispatcher {
  return proxied === null || proxyFor(url, proxy) === null ? direct : proxied;
}

async function exchange(
  dispatcher: Dispatcher,
  request: HttpRequest,
  limits: HttpLimits,
  name: string,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const response = await dispatcher.request({
    origin: request.url.origin,
    path: `${request.url.pathname}${request.url.search}`,
    method: request.method,
    headers: { 'accept-encoding': acceptedEncodings, accept: 'application/json', ...request.headers },
    ...(request.body === undefined ? {} : { body: request.body }),
    signal,
  });
  const alive = request.alive ?? ((): void => undefined);
  alive();
  const headers = flatten(response.headers);
  const status = response.statusCode;
  if (status >= 300 && status < 400 && request.redirect === undefined) {
    response.body.on('error', () => undefined).destroy();
    throw new TidemarkError('LINK_REFUSED', `${name}: answered with a redirect (${status}), which is never followed.`, {
      details: { status },
    });
  }
  const failed = status >= 400;
  const maxBytes = Math.min(failed ? maxErrorBytes : (request.maxBytes ?? Infinity), limits.maxBytes);
  const read = readBody(name, response.body, headers['content-encoding'], { maxBytes, alive, hash: request.hash ?? null });
  // What an error's status says stands, however its body ends.
  const body = failed ? await read.catch(() => ({ text: '', bytes: 0, hash: null })) : await read;
  signal.throwIfAborted();
  return { status, headers, ...body };
}

function flatten(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}

/** CONFIG_INVALID unless the URL is https, or http on loopback (and link-local where allowed), and holds no user. */
function checkOrigin(url: URL, linkLocal: boolean): void {
  const near = isLoopback(url.hostname) || (linkLocal && isLinkLocal(url.hostname));
  const allowed = url.protocol === 'https:' || (url.protocol === 'http:' && near);
  if (allowed && url.username === '' && url.password === '') return;
  throw new TidemarkError('CONFIG_INVALID', `${url.host}: only https addresses without a user are allowed.`, {
    hint: 'Use an https address in endpoints; http is accepted for loopback only.',
  });
}

/** The answer's JSON, any shape. SOURCE_UNAVAILABLE when it is none: cut, empty, or a page for people. */
export function parseJson(method: string, url: URL, answer: HttpAnswer): unknown {
  try {
    const parsed: unknown = JSON.parse(answer.text);
    return parsed;
  } catch {
    const html = isPage(answer.text);
    const what = `the answer (${answer.status}) is ${html ? 'HTML' : 'no complete JSON'}`;
    throw unavailable(requestName(method, url), 'cut', what, { html });
  }
}

/** Whether it is a page for people: what proxies and portals send in the place of an answer. */
export const isPage = (text: string): boolean => /^\s*</.test(text);
