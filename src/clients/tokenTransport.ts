// Carries the requests of @azure/identity over our own http: same limits, TLS and proxy, and a credential leaves for where it is meant only (invariant I16).
import type { ClientSecretCredentialOptions } from '@azure/identity';
import { TidemarkError } from '../errors.ts';
import type { Http, HttpAnswer } from './http.ts';

export type HttpClient = NonNullable<ClientSecretCredentialOptions['httpClient']>;
type SendRequest = HttpClient['sendRequest'];
type PipelineResponse = Awaited<ReturnType<SendRequest>>;
type Headers = PipelineResponse['headers'];

/** What the transport saw last: the library's own errors lose the status, the numbers and our codes. */
export interface TransportLog {
  answer: HttpAnswer | null;
  failure: unknown;
  /** Who was asked. */
  host: string | null;
}

/** Where an acquisition's requests may go. */
export interface Destination {
  readonly name: string;
  readonly allows: (url: URL) => boolean;
}

/** One acquisition's transport. The signal MUST be the acquisition's own. */
export function createTokenTransport(http: Http, goesTo: Destination, signal: AbortSignal): { client: HttpClient; log: TransportLog } {
  const log: TransportLog = { answer: null, failure: null, host: null };
  const sendRequest: SendRequest = async (request) => {
    try {
      const url = new URL(request.url);
      if (!goesTo.allows(url) || url.username !== '' || url.password !== '') {
        throw new TidemarkError('LINK_REFUSED', `A token request was not sent: its host is not ${goesTo.name}.`, {
          details: { host: url.host },
        });
      }
      if (request.method !== 'GET' && request.method !== 'POST')
        throw new TidemarkError('INTERNAL', `A token request by ${request.method} is not expected.`);
      const { 'accept-encoding': _, 'content-length': __, host: ___, connection: ____, ...headers } = request.headers.toJSON();
      log.answer = null;
      log.host = url.host;
      const answer = await http.send({
        method: request.method,
        url,
        headers,
        ...(typeof request.body === 'string' ? { body: request.body } : {}),
        signal,
      });
      log.answer = answer;
      return { request, status: answer.status, headers: createHeaders(answer.headers), bodyAsText: answer.text };
    } catch (error) {
      log.failure ??= error;
      throw error;
    }
  };
  return { client: { sendRequest }, log };
}

/** The library's own type of headers has no public maker. */
function createHeaders(from: Readonly<Record<string, string>>): Headers {
  const map = new Map(Object.entries(from));
  return {
    get: (name) => map.get(name.toLowerCase()),
    has: (name) => map.has(name.toLowerCase()),
    set: (name, value) => void map.set(name.toLowerCase(), String(value)),
    delete: (name) => void map.delete(name.toLowerCase()),
    toJSON: () => Object.fromEntries(map),
    [Symbol.iterator]: () => map[Symbol.iterator](),
  };
}
