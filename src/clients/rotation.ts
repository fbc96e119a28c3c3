// Which of an application's credentials logs in: the one that works is kept, one that was refused is not posted again until it changes.
import { TidemarkError } from '../errors.ts';
import type { Credential, TokenProvider } from './token.ts';

/** What logins have shown, for as long as the process lives: it outlasts sources, so that a dead credential costs one failed login. */
export interface LoginMemory {
  worked: string | null;
  readonly refused: Set<string>;
}

export const newLoginMemory = (): LoginMemory => ({ worked: null, refused: new Set() });

export interface RotationOptions {
  /** What may log in now, the preferred one first; at least one. Asked again after a refusal and after a time. @throws CONFIG_INVALID, SECRET_UNAVAILABLE */
  readonly read: () => Promise<readonly Credential[]>;
  readonly providerOf: (credential: Credential) => TokenProvider;
  readonly memory: LoginMemory;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

/** A value that was changed where its reference points is used this long after it at the latest. */
const rereadMs = 15 * 60_000;

interface Held {
  readonly key: string;
  readonly provider: TokenProvider;
  readonly readAt: number;
}

export function createRotation({ read, providerOf, memory, now = () => performance.now() }: RotationOptions): TokenProvider {
  let held: Held | null = null;
  let choosing: Promise<Held> | null = null;

  /** Of what was not refused the one that worked, else the first. Where all was refused, all of it may be tried again: it may have been mended at the source. */
  const choose = async (): Promise<Held> => {
    const credentials = await read();
    if (credentials.every((credential) => memory.refused.has(keyOf(credential)))) memory.refused.clear();
    const usable = credentials.filter((credential) => !memory.refused.has(keyOf(credential)));
    const chosen = usable.find((credential) => keyOf(credential) === memory.worked) ?? usable[0];
    if (chosen === undefined) throw new TidemarkError('CONFIG_INVALID', 'The connection has no credential.');
    const key = keyOf(chosen);
    return { key, provider: held?.key === key ? held.provider : providerOf(chosen), readAt: now() };
  };
  const current = async (): Promise<Held> => {
    if (held !== null && now() - held.readAt < rereadMs) return held;
    choosing ??= choose().finally(() => (choosing = null));
    held = await choosing;
    return held;
  };
  const token: TokenProvider['token'] = async (signal, options) => {
    signal.throwIfAborted();
    const used = await current();
    try {
      const text = await used.provider.token(signal, options);
      memory.worked = used.key;
      return text;
    } catch (error) {
      if (!isRefused(error)) throw error;
      memory.refused.add(used.key);
      // Others who asked at the same time may have gone on already.
      if (held === used) held = null;
      const next = await current();
      // None is left that was not refused: `choose` has begun anew.
      if (next.key === used.key || memory.refused.size === 0) throw error;
      return token(signal, options);
    }
  };
  return { token };
}

/** The login said no to the credential itself, not to the tenant, the application or the circumstances. */
function isRefused(error: unknown): boolean {
  return error instanceof TidemarkError && error.code === 'SOURCE_AUTH_FAILED' && error.details['status'] === 401;
}

function keyOf(credential: Credential): string {
  return `${credential.kind} ${credential.kind === 'secret' ? credential.secret : credential.pem}`;
}
