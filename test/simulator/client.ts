// A plain client for the simulator's own tests: raw requests over TLS, with the simulator's authority and a token.
import { Agent, request } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import type { JsonObject } from '../../src/model.ts';
import type { Simulator } from '../../simulator/simulator.ts';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON; `{}` when it is none. */
  readonly body: JsonObject;
  readonly value: readonly JsonObject[];
}

export interface Client {
  send(method: string, url: string, headers?: Record<string, string>, body?: string): Promise<Reply>;
  token(form?: Record<string, string | null>, tenant?: string): Promise<Reply>;
  /** Reads a path below /v1.0, or an absolute link, with a bearer. */
  get(path: string, headers?: Record<string, string>): Promise<Reply>;
  /** Writes below /v1.0 with a bearer. */
  write(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
  batch(requests: readonly JsonObject[]): Promise<Reply>;
  /** Follows next links to the end. */
  walk(path: string): Promise<{ readonly pages: number; readonly objects: readonly JsonObject[]; readonly cursor: string | undefined }>;
  close(): void;
}

export function openClient(simulator: Simulator): Client {
  const agent = new Agent({ ca: simulator.caPem, keepAlive: true });
  let bearer: string | null = null;
  const send: Client['send'] = (method, url, headers = {}, body) =>
    new Promise((resolve, reject) => {
      const sent = request(url, { method, headers, agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          const received = Buffer.concat(chunks).toString('utf8');
          const json = parse(received);
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: received,
            body: json,
            value: objectsOf(json['value']),
          });
        });
      });
      sent.once('error', reject);
      sent.end(body);
    });
  const token: Client['token'] = (form = {}, tenant = simulator.tenantId) => {
    const fields: Record<string, string | null> = {
      grant_type: 'client_credentials',
      client_id: simulator.clientId,
      client_secret: simulator.clientSecret,
      scope: `${simulator.origin}/.default`,
      ...form,
    };
    const given = Object.entries(fields).filter((field): field is [string, string] => field[1] !== null);
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return send('POST', `${simulator.origin}/${tenant}/oauth2/v2.0/token`, headers, new URLSearchParams(given).toString());
  };
  const authorized = async (): Promise<Record<string, string>> => {
    bearer ??= text((await token()).body['access_token']);
    return { authorization: `Bearer ${bearer}` };
  };
  const get: Client['get'] = async (path, headers = {}) =>
    send('GET', path.startsWith('https:') ? path : `${simulator.origin}/v1.0/${path}`, { ...(await authorized()), ...headers });
  return {
    send,
    token,
    get,
    async write(method, path, body, headers = {}) {
      const sent = { ...(await authorized()), ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers };
      return send(method, `${simulator.origin}/v1.0/${path}`, sent, body === undefined ? undefined : JSON.stringify(body));
    },
    async batch(requests) {
      const headers = { ...(await authorized()), 'content-type': 'application/json' };
      return send('POST', `${simulator.origin}/v1.0/$batch`, headers, JSON.stringify({ requests }));
    },
    async walk(path) {
      const objects: JsonObject[] = [];
      let link: string | undefined = path;
      for (let pages = 1; pages < 1000; pages += 1) {
        const reply: Reply = await get(link);
        if (reply.status !== 200) throw new Error(`${reply.status} ${reply.text.slice(0, 300)}`);
        objects.push(...reply.value);
        link = textOf(reply.body['@odata.nextLink']);
        if (link === undefined) return { pages, objects, cursor: textOf(reply.body['@odata.deltaLink']) };
      }
      throw new Error('The walk does not end.');
    },
    close: () => agent.destroy(),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** A value that must be a text. */
export function text(value: unknown): string {
  if (typeof value !== 'string') throw new Error(`Not a text: ${JSON.stringify(value)}`);
  return value;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The objects of an array; nothing when it is none. */
export function objectsOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** JSON as an object, `{}` when it is none. */
export function parse(json: string): JsonObject {
  try {
    const value: unknown = JSON.parse(json);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

/** The message of an error answer. */
export function messageOf(reply: Reply): string | undefined {
  const error = reply.body['error'];
  return isObject(error) ? textOf(error['message']) : undefined;
}

/** The code of an error answer. */
export function codeOf(reply: Reply): string | undefined {
  const error = reply.body['error'];
  return isObject(error) ? textOf(error['code']) : undefined;
}

/** The elements of a relation's annotation, e.g. `members@delta`. */
export function linksOf(object: JsonObject, relation: 'members' | 'owners' = 'members'): readonly JsonObject[] {
  return objectsOf(object[`${relation}@delta`]);
}
