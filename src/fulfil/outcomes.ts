// What becomes of orders in one round, as the ledger notes it: done, on with the next request, tried again, ended. Pure: it collects and sends nothing.
// MUST say of what may have been carried out that it may have been: it is looked for before it is sent again (I12).
import type { Timings } from '../model.ts';
import type { Outcome } from '../store/ledger.ts';
import { type Verdict, waitAfter } from './judge.ts';
import type { Sight } from './look.ts';
import type { Fault, Work } from './place.ts';
import { placesOf, type Preparation } from './prepare.ts';
import { stepsOf } from './request.ts';

/** Those of one round. */
export class Outcomes {
  readonly all: Outcome[] = [];
  readonly #preparation: Preparation;
  readonly #timings: Pick<Timings, 'retryInitialMs' | 'retryMaximumMs'>;

  constructor(preparation: Preparation, timings: Pick<Timings, 'retryInitialMs' | 'retryMaximumMs'>) {
    this.#preparation = preparation;
    this.#timings = timings;
  }

  /** By what an answer means. */
  conclude(work: Work, verdict: Verdict): void {
    const { row } = work;
    switch (verdict.do) {
      case 'next':
        return this.next(work, row.objectId ?? work.object);
      case 'already':
        if (row.lost || row.state === 'sent') return this.next(work, work.object);
        return this.end(work, 'skipped', { code: null, message: verdict.what });
      case 'note':
        return this.next(work, work.object, { failure: verdict.message });
      case 'fail':
        return this.end(work, 'errored', verdict);
      case 'again':
        return this.again(work, row.state === 'sent' ? 'sent' : 'waiting', { toldMs: verdict.waitMs, counts: verdict.counts });
      case 'unknown':
        return this.again(work, 'sent', { toldMs: verdict.waitMs, counts: verdict.counts });
      case 'look':
        return this.conclude(work, verdict.otherwise);
    }
  }

  /** By what was found after a refusal that left open whether it is there. */
  seen(work: Work, sight: Sight, otherwise: Verdict): void {
    const { row, order } = work;
    if (sight.kind === 'none' || sight.kind === 'unknown') {
      // Refused because an earlier attempt made it, and not to be seen yet.
      if (order.action === 'create' && (row.lost || row.state === 'sent') && row.lately) return this.again(work, 'sent', {});
      return this.conclude(work, otherwise);
    }
    if (order.action !== 'create') return this.conclude(work, { do: 'already', what: 'it belongs to it already' });
    if (sight.kind === 'ours') return this.next(work, sight.id.toLowerCase(), { again: true });
    return this.end(work, 'errored', notOurs);
  }

  /** The step is done: the order ends, or goes on with its next one. `again`: it was made by one of several requests. */
  next(work: Work, objectId: string | null, of: { readonly failure?: string; readonly again?: boolean } = {}): void {
    const { row, order } = work;
    const { failure, again = false } = of;
    const steps = stepsOf(order, { ...placesOf(work, this.#preparation), object: objectId ?? '{id}' });
    let step = row.step + 1;
    while (steps[step]?.afterLoss === true && !again) step += 1;
    const failures = [row.failures, failure].filter((text) => text !== null && text !== undefined).join('; ');
    const over = step >= steps.length;
    const state = !over ? 'waiting' : failures === '' ? 'executed' : 'errored';
    this.all.push({
      ...unchanged(work),
      state,
      objectId: order.type === 'directoryRole' ? null : objectId,
      step,
      misses: 0,
      failures: failures === '' ? null : failures,
      ...(state === 'errored' ? { code: 'ORDER_REFUSED', message: `written in part: ${failures}` } : {}),
    });
  }

  end(
    work: Work,
    state: 'executed' | 'errored' | 'skipped',
    { code, message }: { readonly code: string | null; readonly message: string | null },
  ): void {
    this.all.push({ ...unchanged(work), state, code, message });
  }

  again(
    work: Work,
    state: 'waiting' | 'sent',
    {
      toldMs = null,
      counts = true,
      missed = false,
    }: { readonly toldMs?: number | null; readonly counts?: boolean; readonly missed?: boolean },
  ): void {
    const { row } = work;
    const { retryInitialMs, retryMaximumMs } = this.#timings;
    const times = missed ? row.misses + 1 : row.tries + 1;
    const retryMs = waitAfter(times, toldMs, retryInitialMs, retryMaximumMs);
    this.all.push({ ...unchanged(work), state, retryMs, counts, misses: row.misses + (missed ? 1 : 0) });
  }
}

export const notOurs = {
  code: 'ORDER_REFUSED',
  message: 'an object with this name is there, and this order has not made it; nothing was changed',
} as const;
export const unfindable = {
  code: 'ORDER_REFUSED',
  message:
    'the answer to its request was lost, and what it makes cannot be told from others: look whether it is there before you send it again',
} as const;

function unchanged({ row }: Work): Outcome {
  const { id, step, misses, failures } = row;
  return { id, state: 'waiting', objectId: null, step, misses, failures, retryMs: null, counts: true, code: null, message: null };
}

export const errored = (work: Work, { code, message }: Fault): Outcome => ({ ...unchanged(work), state: 'errored', code, message });
