// Which of an application's credentials logs in: the first that was not refused. One that was refused is not posted again until its value changes.
import { TidemarkError } from '../errors.ts';
import { isPassing } from './secrets/unavailable.ts';
import type { Credential, TokenProvider } from './token.ts';

/** What logins have shown, for as long as the process lives: it outlasts sources, so that a dead credential costs one failed login. */
export interface LoginMemory {
  readonly refused: Set<string>;
}

export const newLoginMemory = (): LoginMemory => ({ refused: new Set() });

/** What a reference of the connection stands for now, and whose it is. */
export type Candidate =
  | { readonly reference: string; readonly clientId: string; readonly credential: Credential }
  | { readonly reference: string; readonly credential: null; readonly failure: unknown };

type Readable = Extract<Candidate, { credential: Credential }>;

/** What a login has shown of a reference. */
export type LoginOutcome =
  | (Readable & { readonly state: 'works'; readonly token: string })
  | { readonly reference: string; readonly state: 'refused'; readonly aadsts: number | null }
  | { readonly reference: string; readonly state: 'unreadable'; readonly failure: unknown };

export interface RotationOptions {
  /** What may log in now, the preferred one first; at least one. Asked again after a refusal and after a time. @throws CONFIG_INVALID */
  readonly read: () => Promise<readonly Candidate[]>;
  readonly providerOf: (readable: Readable) => TokenProvider;
  readonly memory: LoginMemory;
  /** Told of each login, and of what could not be read. MUST NOT throw or keep the login waiting. */
  readonly saw?: (outcome: LoginOutcome) => void;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

/** A value that was changed where its reference points is used this long after it at the latest. */
const rereadMs = 15 * 60_000;

interface Held {
  readonly key: string;
  readonly chosen: Readable;
  readonly provider: TokenProvider;
  readonly readAt: number;
}

export function createRotation(options: RotationOptions): TokenProvider {
  const { read, providerOf, memory, saw = () => undefined, now = () => performance.now() } = options;
  let held: Held | null = null;
  let choosing: Promise<Held> | null = null;
  let last: { readonly key: string; readonly reference: string; readonly text: string } | null = null;

  /** The first that was not refused. Where all were refused, all of them may be tried again: they may have been mended at the source. */
  const choose = async (): Promise<Held> => {
    const candidates = await read();
    for (const candidate of candidates)
      if (candidate.credential === null) saw({ reference: candidate.reference, state: 'unreadable', failure: candidate.failure });
    const readable = candidates.filter((candidate): candidate is Readable => candidate.credential !== null);
    if (readable.length > 0 && readable.every((candidate) => memory.refused.has(keyOf(candidate)))) memory.refused.clear();
    const chosen = readable.find((candidate) => !memory.refused.has(keyOf(candidate)));
    if (chosen === undefined) {
      const failure = failureOf(candidates);
      // What worked a quarter of an hour ago is not given up because a vault is away for a moment.
      if (held !== null && isPassing(failure)) return { ...held, readAt: now() };
      throw failure;
    }
    const key = keyOf(chosen);
    return { key, chosen, provider: held?.key === key ? held.provider : providerOf(chosen), readAt: now() };
  };
  const current = async (): Promise<Held> => {
    if (held !== null && now() - held.readAt < rereadMs) return held;
    choosing ??= choose().finally(() => (choosing = null));
    held = await choosing;
    return held;
  };
  const token: TokenProvider['token'] = async (signal, asked) => {
    signal.throwIfAborted();
    const used = await current();
    try {
      const text = await used.provider.token(signal, asked);
      const { reference } = used.chosen;
      if (text !== last?.text || used.key !== last.key || reference !== last.reference)
        saw({ ...used.chosen, state: 'works', token: text });
      last = { key: used.key, reference, text };
      return text;
    } catch (error) {
      if (!isRefused(error)) throw error;
      // Others who asked at the same time may have gone on already.
      if (!memory.refused.has(used.key)) saw({ reference: used.chosen.reference, state: 'refused', aadsts: aadstsOf(error) });
      memory.refused.add(used.key);
      if (held === used) held = null;
      const next = await current();
      // None is left that was not refused: `choose` has begun anew.
      if (next.key === used.key || memory.refused.size === 0) throw error;
      return token(signal, asked);
    }
  };
  return { token };
}

/** Why nothing can be read: of the preferred one, if there is any. */
function failureOf(candidates: readonly Candidate[]): unknown {
  const [first] = candidates;
  if (first !== undefined && first.credential === null) return first.failure;
  return new TidemarkError('CONFIG_INVALID', 'The connection has no credential.');
}

/** The login said no to the credential itself, not to the tenant, the application or the circumstances. */
function isRefused(error: unknown): error is TidemarkError {
  return error instanceof TidemarkError && error.code === 'SOURCE_AUTH_FAILED' && error.details['status'] === 401;
}

function aadstsOf({ details }: TidemarkError): number | null {
  const { aadsts } = details;
  return typeof aadsts === 'number' ? aadsts : null;
}

function keyOf({ clientId, credential }: Readable): string {
  switch (credential.kind) {
    case 'secret':
      return `${clientId} secret ${credential.secret}`;
    case 'certificate':
      return `${clientId} certificate ${credential.pem}`;
    case 'managed':
      return `${clientId} managed`;
    case 'workload':
      return `${clientId} workload ${credential.tokenFile}`;
  }
}
