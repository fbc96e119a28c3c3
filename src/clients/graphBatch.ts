// Questions about single objects, twenty to a $batch: which are gone, which memberships exist. Each part is throttled and fails by itself.
// https://learn.microsoft.com/graph/json-batching
import { z } from 'zod';
import { TidemarkError } from '../errors.ts';
import type { Budget } from './budget.ts';
import { graphError } from './graphErrors.ts';
import { relativePath, under } from './graphLinks.ts';
import type { Ask } from './ask.ts';
import { requestName } from './redact.ts';
import type { FetchOptions, Source } from './source.ts';
import { pause, repeatWaitMs, retryAfterMs } from './throttle.ts';

export const partsPerBatch = 20;
export const batchPath = '/$batch';
/** How often a part that failed (5xx, or no answer at all) is asked again. */
const partRepetitions = 2;

/** Whom the questions go to. */
export interface Asking {
  readonly ask: Ask;
  readonly base: URL;
  readonly budget: Budget;
}

export interface Part {
  /** Relative to the base, with its query. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface PartAnswer {
  readonly status: number;
  readonly body: unknown;
}

interface Batch {
  readonly answers: ReadonlyMap<number, PartAnswer>;
  readonly requests: number;
  readonly throttledMs: number;
  readonly toldMs: number | null;
}

export const answersSchema = z.object({
  responses: z.array(
    z.object({ id: z.string(), status: z.int(), headers: z.record(z.string(), z.unknown()).nullish(), body: z.unknown().optional() }),
  ),
});

/** See Source.gone. A part that keeps failing is no proof: its object counts as there. */
export async function askGone(
  asking: Asking,
  of: Parameters<Source['gone']>[0],
  options: FetchOptions,
): Promise<{ readonly gone: ReadonlySet<string>; readonly requests: number }> {
  const parts = of.ids.map((id): Part => ({ url: `${relativePath(...of.path.split('/'), id)}?$select=id` }));
  const { answers, requests } = await askAll(asking, parts, options);
  return { gone: new Set(of.ids.filter((_, index) => answers[index]?.status === 404)), requests };
}

/** See Source.hasMembers. A container that is not there has no members. Codes: those of graphError for a part that is refused or keeps failing. */
export async function askMembers(
  asking: Asking,
  of: Parameters<Source['hasMembers']>[0],
  options: FetchOptions,
): Promise<{ readonly present: readonly boolean[]; readonly requests: number }> {
  const parts = of.pairs.map(({ from, to }): Part => {
    const filter = encodeURIComponent(`id eq '${to.replaceAll("'", "''")}'`);
    return {
      url: `${relativePath(...of.path.split('/'), from, of.property)}?$filter=${filter}&$count=true&$select=id`,
      headers: { ConsistencyLevel: 'eventual' },
    };
  });
  const { answers, requests } = await askAll(asking, parts, options);
  return { present: of.pairs.map((_, index) => isPresent(asking.base, parts[index]?.url ?? '', answers[index])), requests };
}

function isPresent(base: URL, path: string, answer: PartAnswer | undefined): boolean {
  if (answer?.status === 404) return false;
  const url = under(base, path);
  if (answer === undefined || answer.status < 200 || answer.status > 299) {
    throw graphError(
      { method: 'GET', url },
      { status: answer?.status ?? 500, headers: {}, text: JSON.stringify(answer?.body ?? null) },
      Date.now(),
    );
  }
  const read = z.object({ value: z.array(z.unknown()) }).safeParse(answer.body);
  if (read.success) return read.data.value.length > 0;
  throw new TidemarkError('SOURCE_SHAPE_CHANGED', `${requestName('GET', url)}: the answer has no list (at value).`, {
    details: { path: 'value' },
  });
}

/** The answers in the order of the parts; absent where none came. Waits as the parts ask for, together at most `longestWaitMs`. */
export async function askAll(
  asking: Asking,
  parts: readonly Part[],
  options: FetchOptions,
): Promise<{ readonly answers: readonly (PartAnswer | undefined)[]; readonly requests: number }> {
  const answers: (PartAnswer | undefined)[] = parts.map(() => undefined);
  let requests = 0;
  let waitedMs = 0;
  for (let first = 0; first < parts.length; first += partsPerBatch) {
    let open = parts.slice(first, first + partsPerBatch).map((_, offset) => first + offset);
    for (let round = 0; open.length > 0; round += 1) {
      const batch = await askBatch(asking, parts, open, { ...options, longestWaitMs: options.longestWaitMs - waitedMs });
      requests += batch.requests;
      waitedMs += batch.throttledMs;
      for (const [index, answer] of batch.answers) answers[index] = answer;
      const throttled = open.filter((index) => answers[index]?.status === 429);
      const failed = round < partRepetitions ? open.filter((index) => (answers[index]?.status ?? 500) >= 500) : [];
      open = [...throttled, ...failed];
      if (open.length === 0) break;
      if (throttled.length === 0) {
        await pause(repeatWaitMs(round, 0.5), options.signal, options.alive);
        continue;
      }
      const waitMs = await asking.budget.refused(batch.toldMs);
      if (waitedMs + waitMs > options.longestWaitMs) throw pauseNeeded(asking.base, waitMs, requests);
      await pause(waitMs, options.signal, options.alive);
      waitedMs += waitMs;
    }
  }
  return { answers, requests };
}

function pauseNeeded(base: URL, waitMs: number, requests: number): TidemarkError {
  const name = requestName('POST', under(base, batchPath));
  return new TidemarkError('SOURCE_THROTTLED', `${name}: parts of the batch ask for a pause.`, {
    retryAfterMs: waitMs,
    details: { requests },
  });
}

/** One $batch of the parts at `open`. `toldMs` is the longest wait that a part told. */
async function askBatch({ ask, base }: Asking, parts: readonly Part[], open: readonly number[], options: FetchOptions): Promise<Batch> {
  const url = under(base, batchPath);
  const requests = open.map((index) => ({ id: String(index), method: 'GET', ...parts[index] }));
  const answer = await ask({ method: 'POST', url, body: JSON.stringify({ requests }) }, options);
  const read = answersSchema.safeParse(answer.body);
  if (!read.success) {
    const path = (read.error.issues[0]?.path ?? []).join('.');
    throw new TidemarkError('SOURCE_SHAPE_CHANGED', `${requestName('POST', url)}: the answer is not a batch's (at ${path}).`, {
      details: { path },
    });
  }
  const asked = new Set(open.map(String));
  const answered = read.data.responses.filter(({ id }) => asked.has(id));
  const told = answered.flatMap(({ status, headers }) =>
    status === 429 || status === 503 ? [retryAfterMs(lowerCase(headers ?? {}), Date.now()) ?? 0] : [],
  );
  return {
    answers: new Map(answered.map(({ id, status, body }) => [Number(id), { status, body }])),
    requests: answer.requests,
    throttledMs: answer.throttledMs,
    toldMs: told.some((ms) => ms > 0) ? Math.max(...told) : null,
  };
}

export function lowerCase(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
}
