// Writes to Graph, twenty to a $batch, each answered by itself; and questions about single objects by the same way.
// MUST send nothing again: what became of a request whose answer is lost is its caller's to find out.
// https://learn.microsoft.com/graph/json-batching
import { asTidemarkError, TidemarkError } from '../errors.ts';
import type { JsonObject } from '../model.ts';
import { answersSchema, askAll, type Asking, batchPath, lowerCase, partsPerBatch } from './graphBatch.ts';
import { under } from './graphLinks.ts';
import { wasNotCarriedOut } from './ask.ts';
import { requestName } from './redact.ts';
import type { FetchOptions } from './source.ts';
import { retryAfterMs } from './throttle.ts';

interface GraphWrite {
  readonly method: 'POST' | 'PATCH' | 'DELETE';
  /** Relative to the base, encoded. */
  readonly path: string;
  readonly body: JsonObject | null;
  readonly headers: Readonly<Record<string, string>>;
}

export type WriteAnswer =
  | { readonly kind: 'answered'; readonly status: number; readonly body: unknown; readonly retryAfterMs: number | null }
  /** It may have been carried out. */
  | { readonly kind: 'lost' }
  /** It was not carried out. */
  | { readonly kind: 'unsent' };

interface Written {
  /** In the order of the writes. */
  readonly answers: readonly WriteAnswer[];
  /** Why some of them are lost or unsent. */
  readonly failure: TidemarkError | null;
}

export interface Writer {
  /** The base that references begin with, without a slash at its end. */
  readonly base: string;
  /** Sends each write once; no two of them may depend on each other. Never throws for the source's sake. */
  write(writes: readonly GraphWrite[], options: FetchOptions): Promise<Written>;
  /** Asks for each of these paths, relative to the base; null where no answer came. Codes: those of Source. */
  read(paths: readonly string[], options: FetchOptions): Promise<readonly ({ readonly status: number; readonly body: unknown } | null)[]>;
}

/** Batches under way at once: the directory writes slowly, and meters writes more than anything else. */
const batchesAtOnce = 4;

export function createWriter(asking: Asking): Writer {
  return {
    base: under(asking.base, '').href.replace(/\/$/, ''),
    async write(writes, options) {
      const answers: WriteAnswer[] = writes.map(() => ({ kind: 'unsent' }));
      let failure: TidemarkError | null = null;
      const firsts = Array.from({ length: Math.ceil(writes.length / partsPerBatch) }, (_, index) => index * partsPerBatch);
      const work = async (): Promise<void> => {
        for (let first = firsts.shift(); first !== undefined && failure === null; first = firsts.shift()) {
          const batch = writes.slice(first, first + partsPerBatch);
          const written = await writeBatch(asking, batch, options);
          written.answers.forEach((answer, index) => (answers[(first ?? 0) + index] = answer));
          failure ??= written.failure;
        }
      };
      await Promise.all(Array.from({ length: batchesAtOnce }, work));
      return { answers, failure };
    },
    async read(paths, options) {
      const parts = paths.map((url) => ({ url, ...(url.includes('$count=') ? { headers: { ConsistencyLevel: 'eventual' } } : {}) }));
      const { answers } = await askAll(asking, parts, options);
      return paths.map((_, index) => answers[index] ?? null);
    },
  };
}

async function writeBatch({ ask, base, budget }: Asking, writes: readonly GraphWrite[], options: FetchOptions): Promise<Written> {
  const url = under(base, batchPath);
  const requests = writes.map(({ method, path, body, headers }, index) => ({
    id: String(index),
    method,
    url: path,
    headers: { ...headers, ...(body === null ? {} : { 'Content-Type': 'application/json' }) },
    ...(body === null ? {} : { body }),
  }));
  try {
    const { body } = await ask({ method: 'POST', url, body: JSON.stringify({ requests }), once: true }, options);
    const read = answersSchema.safeParse(body);
    if (!read.success) throw new TidemarkError('SOURCE_SHAPE_CHANGED', `${requestName('POST', url)}: the answer is not a batch's.`);
    const byId = new Map(read.data.responses.map((answer) => [answer.id, answer]));
    const answers = writes.map((_, index): WriteAnswer => {
      const answer = byId.get(String(index));
      if (answer === undefined) return { kind: 'lost' };
      const { status } = answer;
      const toldMs = status === 429 || status === 503 ? retryAfterMs(lowerCase(answer.headers ?? {}), Date.now()) : null;
      return { kind: 'answered', status, body: answer.body, retryAfterMs: toldMs };
    });
    // Whoever else asks with this application waits as well.
    const told = answers.flatMap((answer) => (answer.kind === 'answered' && answer.status === 429 ? [answer.retryAfterMs ?? 0] : []));
    if (told.length > 0) await budget.refused(Math.max(...told) === 0 ? null : Math.max(...told));
    return { answers, failure: null };
  } catch (error) {
    const failure = asTidemarkError(error);
    const kind = error instanceof TidemarkError && wasNotCarriedOut(failure) ? 'unsent' : 'lost';
    return { answers: writes.map(() => ({ kind })), failure };
  }
}
