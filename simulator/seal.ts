// Opaque link tokens: sealed, so that a client can neither read nor change one.
import { createCipheriv, createDecipheriv, createHash, createSecretKey, randomBytes } from 'node:crypto';
import { badRequest } from './answer.ts';
import { reread } from './json.ts';

/** What a page or delta token remembers. */
export interface LinkState {
  readonly kind: 'page' | 'delta';
  /** The collection it was made for. */
  readonly path: string;
  readonly select: readonly string[] | null;
  /** Ids of a delta query's `$filter`. */
  readonly ids: readonly string[] | null;
  readonly top: number;
  /** Delta: changes after this entry of the log; null in a first round. */
  readonly from: number | null;
  /** Delta: up to this entry. */
  readonly upTo: number;
  /** Where the page begins: the object, and the position inside its relations. */
  readonly at: number;
  readonly within: number;
  readonly issuedAt: number;
  /** The tenant's seed and size, and the simulator's start: changes before it are gone. */
  readonly size: string;
  readonly epoch: string;
}

export interface Sealer<State = LinkState> {
  seal(state: State): string;
  /** Throws a refusal (400) for a token that this tenant did not make. */
  open(token: string): State;
}

/** The key follows from the text, so that a restarted simulator of the same tenant still reads its tokens. */
export function createSealer<State = LinkState>(keyText: string): Sealer<State> {
  const key = createSecretKey(createHash('sha256').update(keyText).digest());
  return {
    seal(state) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      const sealed = Buffer.concat([cipher.update(JSON.stringify(state), 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
    },
    open(token) {
      const bytes = Buffer.from(token, 'base64url');
      if (bytes.length < 29 || bytes.toString('base64url') !== token) throw badRequest('Badly formed token.', 'Directory_InvalidPageToken');
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
        decipher.setAuthTag(bytes.subarray(12, 28));
        const text = Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
        // The tag proves that the text is one of ours.
        return reread<State>(text);
      } catch {
        throw badRequest('Badly formed token.', 'Directory_InvalidPageToken');
      }
    },
  };
}
