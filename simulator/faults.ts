// Faults on demand: rules that say which requests go wrong and how. Data only, so that they can be sent to a simulator elsewhere.
import type { DocumentedCode } from './aadsts.ts';
import type { Mutation } from './mutations.ts';

/** What kind of request to a registry it is; its storage is asked for blobs. */
export type RegistryPhase = 'registryToken' | 'catalog' | 'tags' | 'manifest' | 'blob' | 'storage';

/** What kind of request it is. Only rules of their phase reach `item`, one inside a batch, and `application`, which no run waits for. */
export type Phase =
  | 'discovery'
  | 'token'
  | 'query'
  | 'subscriptions'
  | 'latest'
  | 'first'
  | 'delta'
  | 'page'
  | 'list'
  | 'object'
  | 'write'
  | 'batch'
  | 'item'
  | 'application'
  | RegistryPhase;

/** Instead of the answer. */
export type ReplacingFault =
  /** 429; without `retryAfter` the header is absent. A number is seconds, a text goes as it is (a date). */
  | { readonly kind: 'throttle'; readonly retryAfter?: number | string; readonly headers?: Readonly<Record<string, string>> }
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly code?: string;
      readonly message?: string;
      readonly retryAfter?: number | string;
      /** An HTML page instead of JSON. */
      readonly html?: boolean;
      /** The request is carried out all the same, and only its answer is lost: a gateway that lost patience. */
      readonly afterCommit?: boolean;
    }
  /** 401, and every token issued so far is dead. */
  | { readonly kind: 'tokenDies' }
  | { readonly kind: 'syncStateNotFound' | 'resyncRequired' | 'expiredPage' }
  /** 410 with a Location for a new round; `origin` is put in the place of the simulator's own. */
  | { readonly kind: 'gone'; readonly origin?: string }
  | { readonly kind: 'redirect'; readonly location: string }
  /** The sign-in service refuses with this number. */
  | { readonly kind: 'aadsts'; readonly code: DocumentedCode }
  /** 401 with the challenge by which Conditional Access asks for more than the token has. */
  | { readonly kind: 'claimsChallenge' }
  /** 400 of Resource Graph, with this code among its details. */
  | { readonly kind: 'badQuery'; readonly code: string }
  /** Status 200 with this JSON text. */
  | { readonly kind: 'body'; readonly text: string };

/**
 * A page that is answered, but differently. `emptyPage` and `replay` come again at the next link; without `times` that never ends.
 */
export type PageFault =
  | { readonly kind: 'emptyPage' | 'replay' | 'selfLink' | 'bothLinks' | 'noLinks' | 'missingValue' | 'splitGroups' }
  /** The page's first objects once more at its end, and the last of the page before at its beginning. */
  | { readonly kind: 'duplicate'; readonly count?: number }
  /** Leaves out so many objects, as a list that is no snapshot may. */
  | { readonly kind: 'omit'; readonly count: number }
  | { readonly kind: 'foreignLink'; readonly how: 'origin' | 'http' | 'userinfo' | 'lookalike' | 'port' | 'path'; readonly origin?: string }
  | { readonly kind: 'header'; readonly name: string; readonly value: string }
  | {
      readonly kind: 'poison';
      readonly how: 'nul' | 'surrogate' | 'proto' | 'deep' | 'missingId' | 'hugeNumber' | 'notObject' | 'wrongType' | 'longText';
    }
  /** The body grows to so many bytes. */
  | { readonly kind: 'padding'; readonly bytes: number }
  /** Changes the tenant once the page was computed: what follows sees it. */
  | { readonly kind: 'mutate'; readonly changes: number | readonly Mutation[] };

/** How the bytes travel. The request was carried out: after `reset` and `hang` a client cannot know it. */
export type TransportFault =
  | { readonly kind: 'reset' | 'endlessHeaders' | 'truncated' | 'stackedEncoding' | 'hang' }
  /** The connection ends, or nothing more comes, after so many bytes of the body. */
  | { readonly kind: 'cut' | 'stall'; readonly bytes: number }
  /** Content-Length differs by so much. */
  | { readonly kind: 'wrongLength'; readonly by: number }
  | { readonly kind: 'slow'; readonly bytesPerSecond: number }
  /** A small gzip body that unpacks to so many bytes of valid JSON. */
  | { readonly kind: 'bomb'; readonly bytes: number };

export type Fault = ReplacingFault | PageFault | TransportFault;

export interface FaultRule {
  /** A regular expression on `METHOD /path?query`, as sent. */
  readonly match?: string;
  readonly phase?: Phase;
  /** Every n-th matching request, */
  readonly every?: number;
  /** or exactly these, from 1; without both, every one. */
  readonly at?: readonly number[];
  /** At most so many times. */
  readonly times?: number;
  readonly fault: Fault;
}

const replacing = [
  'throttle',
  'status',
  'tokenDies',
  'syncStateNotFound',
  'resyncRequired',
  'expiredPage',
  'gone',
  'redirect',
  'aadsts',
  'claimsChallenge',
  'badQuery',
  'body',
];
const transport = ['reset', 'endlessHeaders', 'truncated', 'stackedEncoding', 'hang', 'cut', 'stall', 'wrongLength', 'slow', 'bomb'];

export function isReplacing(fault: Fault): fault is ReplacingFault {
  return replacing.includes(fault.kind);
}

export function isTransport(fault: Fault): fault is TransportFault {
  return transport.includes(fault.kind);
}

export function isPageFault(fault: Fault): fault is PageFault {
  return !isReplacing(fault) && !isTransport(fault);
}

interface Armed {
  readonly rule: FaultRule;
  readonly pattern: RegExp | null;
  seen: number;
  fired: number;
}

export class FaultPlan {
  #armed: Armed[] = [];

  /** Adds rules; their counts begin at zero. Throws SyntaxError for a malformed expression. */
  set(rules: readonly FaultRule[]): void {
    this.#armed.push(
      ...rules.map((rule) => ({ rule, pattern: rule.match === undefined ? null : new RegExp(rule.match), seen: 0, fired: 0 })),
    );
  }

  clear(): void {
    this.#armed = [];
  }

  /** The faults of this request. MUST be asked once per request: it counts. */
  of(phase: Phase, line: string): Fault[] {
    const faults: Fault[] = [];
    for (const armed of this.#armed) {
      const { rule } = armed;
      if (rule.phase === undefined ? phase === 'item' || phase === 'application' : rule.phase !== phase) continue;
      if (armed.pattern?.test(line) === false) continue;
      armed.seen += 1;
      const hit = rule.at === undefined ? armed.seen % (rule.every ?? 1) === 0 : rule.at.includes(armed.seen);
      if (!hit || armed.fired >= (rule.times ?? Infinity)) continue;
      armed.fired += 1;
      faults.push(rule.fault);
    }
    return faults;
  }
}
