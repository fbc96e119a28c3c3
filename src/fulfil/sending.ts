// The requests of one round: noted in the ledger, sent once, and what became of each noted before anything follows.
// MUST note an order before its request, and look for what it was to make before anything is sent again (I12).
import type { Writer, WriteAnswer } from '../clients/graphWrite.ts';
import type { FetchOptions } from '../clients/source.ts';
import type { FulfilSettings } from '../connectors/identity-manager/fulfil.ts';
import { asTidemarkError, TidemarkError } from '../errors.ts';
import { failpoint } from '../failpoint.ts';
import type { Timings } from '../model.ts';
import type { Database } from '../store/database.ts';
import { type Lease, madeLately, markSent, type Outcome, saveOutcomes } from '../store/ledger.ts';
import { judge, propertyOf, type Verdict, waitAfter } from './judge.ts';
import { lookFor, type Sight } from './look.ts';
import { generatePassword, isGenerated, passwordOf, sealPassword, withPassword } from './password.ts';
import type { Fault, Work } from './place.ts';
import type { Protection } from './refuse.ts';
import { bindStep, stepsOf, type Step } from './request.ts';
import { typeOf } from './types.ts';

export interface RoundDependencies {
  readonly database: Database;
  readonly writer: Writer;
  /** Reads the password that a reference points to. */
  readonly reveal: (reference: string) => Promise<string>;
}

export interface RoundOptions extends FetchOptions {
  readonly lease: Lease;
  readonly settings: Pick<FulfilSettings, 'passwordCertificate' | 'password'>;
  readonly protection: Protection;
  readonly timings: Pick<Timings, 'retryInitialMs' | 'retryMaximumMs'>;
}

/** How often, with growing waits, a lost creation is looked for before it is sent again. */
const mostMisses = 6;

interface Request {
  readonly unit: readonly Work[];
  readonly step: Step;
}

/** The sending of one round. */
export class Sending {
  failure: TidemarkError | null = null;
  readonly #of: RoundDependencies;
  readonly #options: RoundOptions;
  readonly #outcomes: Outcome[] = [];

  constructor(of: RoundDependencies, options: RoundOptions) {
    this.#of = of;
    this.#options = options;
  }

  /** Sends what may be sent, and notes what became of it. */
  async send(units: readonly (readonly Work[])[]): Promise<readonly Outcome[]> {
    const open = await this.#lookForLost(units);
    const lately = await this.#lately(open.flat());
    const requests = await this.#prepare(open);
    await markSent(
      this.#of.database,
      this.#options.lease,
      requests.flatMap(({ request, sealed }) =>
        request.unit.map(({ row, object, order }) => ({
          id: row.id,
          objectId: order.type === 'directoryRole' ? null : object,
          sealed: sealed ?? null,
        })),
      ),
    );
    failpoint('order.afterMark');
    let going = requests.map(({ request }) => request);
    const looks: { readonly work: Work; readonly otherwise: Verdict }[] = [];
    while (going.length > 0) {
      const { answers, failure } = await this.#of.writer.write(
        going.map(({ step }) => step),
        this.#options,
      );
      failpoint('order.afterSend');
      this.failure ??= failure;
      const split: Request[] = [];
      going.forEach((request, index) => {
        const answer = answers[index] ?? { kind: 'lost' };
        if (isRefusedBundle(request, answer)) split.push(...this.#halves(request));
        else for (const work of request.unit) this.#take(work, request.step, answer, { lately, looks });
      });
      going = split;
    }
    await this.#followUp(looks);
    await this.#save();
    failpoint('order.afterSave');
    return this.#outcomes;
  }

  /** What was sent before and has no answer may be there: a creation is looked for first, several times, for the directory shows it late. */
  async #lookForLost(units: readonly (readonly Work[])[]): Promise<(readonly Work[])[]> {
    const lost = units.flat().filter(({ row, order }) => row.state === 'sent' && order.action === 'create' && row.objectId === null);
    const unsafe = lost.filter(({ order }) => typeOf(order.type).found?.by !== 'upsert');
    const sights = await lookFor(this.#of.writer, unsafe, { ...this.#options, connection: this.#options.lease.connection });
    for (const [work, sight] of sights) {
      if (sight.kind === 'ours') this.#next(work, sight.id.toLowerCase(), { again: work.row.tries > 1 });
      else if (sight.kind === 'others') this.#end(work, 'errored', notOurs);
      else if (typeOf(work.order.type).found === null) this.#end(work, 'errored', unfindable);
      else if (sight.kind === 'unknown' || work.row.misses < mostMisses) this.#again(work, 'sent', { missed: sight.kind === 'none' });
    }
    const decided = new Set(this.#outcomes.map(({ id }) => id));
    return units.map((unit) => unit.filter(({ row }) => !decided.has(row.id))).filter((unit) => unit.length > 0);
  }

  async #lately(works: readonly Work[]): Promise<ReadonlySet<string>> {
    const ids = works.flatMap(({ object, member }) => [object ?? [], member ?? []].flat());
    return ids.length === 0 ? new Set() : madeLately(this.#of.database, this.#options.lease.connection, [...new Set(ids)]);
  }

  /** The requests of units, passwords in their places; what cannot be prepared ends here. */
  async #prepare(units: readonly (readonly Work[])[]): Promise<{ readonly request: Request; readonly sealed?: string }[]> {
    const assignments = await this.#assignmentsOf(units.flat());
    const prepared: { readonly request: Request; readonly sealed?: string }[] = [];
    for (const unit of units) {
      const [work] = unit;
      if (work === undefined) continue;
      if (unit.length > 1) {
        prepared.push({ request: this.#bundle(unit) });
        continue;
      }
      const assignment = assignments.get(work) ?? null;
      if (work.order.type === 'directoryRole' && work.order.action === 'removeMember' && assignment === null) {
        this.#end(work, 'skipped', { code: null, message: 'nobody holds it so already' });
        continue;
      }
      try {
        const steps = stepsOf(work.order, { ...this.#placesOf(work), assignment });
        const step = steps[work.row.step];
        if (step === undefined) {
          this.#end(work, 'executed', { code: null, message: null });
          continue;
        }
        const { step: filled, sealed } = await this.#fill(work, step);
        prepared.push({ request: { unit, step: filled }, ...(sealed === undefined ? {} : { sealed }) });
      } catch (error) {
        const { code, message } = asTidemarkError(error);
        if (code === 'STORE_UNAVAILABLE') throw error;
        this.#end(work, 'errored', { code, message });
      }
    }
    return prepared;
  }

  #placesOf({ object, member }: Work) {
    return { base: this.#of.writer.base, object: object ?? '{id}', member, connection: this.#options.lease.connection };
  }

  async #assignmentsOf(works: readonly Work[]): Promise<ReadonlyMap<Work, string>> {
    const removals = works.filter(({ order }) => order.type === 'directoryRole' && order.action === 'removeMember');
    const sights = await lookFor(this.#of.writer, removals, { ...this.#options, connection: this.#options.lease.connection });
    return new Map([...sights].flatMap(([work, sight]) => ('id' in sight ? [[work, sight.id]] : [])));
  }

  async #fill(work: Work, step: Step): Promise<{ readonly step: Step; readonly sealed?: string }> {
    const { body } = step;
    const word = passwordOf(body);
    if (body === null || word === null) return { step };
    if (!isGenerated(body)) return { step: { ...step, body: withPassword(body, await this.#of.reveal(word)) } };
    const { settings, lease } = this.#options;
    if (settings.passwordCertificate === undefined) throw noCertificate;
    const password = generatePassword(settings.password);
    const sealed = await sealPassword(password, settings.passwordCertificate, { connection: lease.connection, order: work.row.id });
    return { step: { ...step, body: withPassword(body, password) }, sealed };
  }

  #bundle(unit: readonly Work[]): Request {
    const [work] = unit;
    if (work === undefined || unit.length === 1) {
      const [step] = work === undefined ? [] : stepsOf(work.order, { ...this.#placesOf(work), assignment: null });
      if (step === undefined) throw new RangeError('A unit has a request.');
      return { unit, step };
    }
    const members = unit.flatMap(({ member }) => member ?? []);
    return { unit, step: bindStep(typeOf(work.order.type).collection, work.object ?? '', members, this.#of.writer.base) };
  }

  /** All or nothing: what one of them is refused for, the others are not. */
  #halves({ unit }: Request): Request[] {
    const middle = Math.ceil(unit.length / 2);
    return [unit.slice(0, middle), unit.slice(middle)].map((half) => this.#bundle(half));
  }

  #take(
    work: Work,
    step: Step,
    answer: WriteAnswer,
    of: { readonly lately: ReadonlySet<string>; readonly looks: { readonly work: Work; readonly otherwise: Verdict }[] },
  ): void {
    const { row, object, member } = work;
    const known = row.action === 'create' && row.objectId !== null;
    const lately = (known && row.lately) || [object, member].some((id) => id !== null && of.lately.has(id));
    const verdict = judge(work.order, step, answer, { tries: row.tries + 1, lately, made: known });
    const made = row.action === 'create' && row.step === 0 && row.objectId === null;
    if (verdict.do === 'look') of.looks.push({ work, otherwise: verdict.otherwise });
    else if (verdict.do === 'next' && made) {
      const id = answer.kind === 'answered' ? propertyOf(answer.body, 'id') : undefined;
      if (typeof id === 'string') this.#next(work, id.toLowerCase());
      // It was there: the answer says nothing of it.
      else of.looks.push({ work, otherwise: { do: 'unknown', waitMs: null, counts: true } });
    } else this.#conclude(work, verdict);
  }

  #conclude(work: Work, verdict: Verdict): void {
    const { row } = work;
    switch (verdict.do) {
      case 'next':
        return this.#next(work, row.objectId ?? work.object);
      case 'already':
        if (row.lost || row.state === 'sent') return this.#next(work, work.object);
        return this.#end(work, 'skipped', { code: null, message: verdict.what });
      case 'note':
        return this.#next(work, work.object, { failure: verdict.message });
      case 'fail':
        return this.#end(work, 'errored', verdict);
      case 'again':
        return this.#again(work, row.state === 'sent' ? 'sent' : 'waiting', { toldMs: verdict.waitMs, counts: verdict.counts });
      case 'unknown':
        return this.#again(work, 'sent', { toldMs: verdict.waitMs, counts: verdict.counts });
      case 'look':
        return this.#conclude(work, verdict.otherwise);
    }
  }

  /** What a refusal left open: whether the object, or the relation, is there. */
  async #followUp(looks: readonly { readonly work: Work; readonly otherwise: Verdict }[]): Promise<void> {
    if (looks.length === 0) return;
    const sights = await lookFor(
      this.#of.writer,
      looks.map(({ work }) => work),
      { ...this.#options, connection: this.#options.lease.connection },
    );
    for (const { work, otherwise } of looks) this.#seen(work, sights.get(work) ?? { kind: 'unknown' }, otherwise);
  }

  #seen(work: Work, sight: Sight, otherwise: Verdict): void {
    const { row, order } = work;
    if (sight.kind === 'none' || sight.kind === 'unknown') {
      // Refused because an earlier attempt made it, and not to be seen yet.
      if (order.action === 'create' && (row.lost || row.state === 'sent') && row.lately) return this.#again(work, 'sent', {});
      return this.#conclude(work, otherwise);
    }
    if (order.action !== 'create') return this.#conclude(work, { do: 'already', what: 'it belongs to it already' });
    if (sight.kind === 'ours') return this.#next(work, sight.id.toLowerCase(), { again: true });
    return this.#end(work, 'errored', notOurs);
  }

  /** The step is done: the order ends, or goes on with its next one. `again`: it was made by one of several requests. */
  #next(work: Work, objectId: string | null, of: { readonly failure?: string; readonly again?: boolean } = {}): void {
    const { row, order } = work;
    const { failure, again = false } = of;
    const steps = stepsOf(order, { ...this.#placesOf(work), object: objectId ?? '{id}', assignment: '{assignment}' });
    let step = row.step + 1;
    while (steps[step]?.afterLoss === true && !again) step += 1;
    const failures = [row.failures, failure].filter((text) => text !== null && text !== undefined).join('; ');
    const over = step >= steps.length;
    const state = !over ? 'waiting' : failures === '' ? 'executed' : 'errored';
    this.#outcomes.push({
      ...unchanged(work),
      state,
      objectId: order.type === 'directoryRole' ? null : objectId,
      step,
      misses: 0,
      failures: failures === '' ? null : failures,
      ...(state === 'errored' ? { code: 'ORDER_REFUSED', message: `written in part: ${failures}` } : {}),
    });
  }

  #end(
    work: Work,
    state: 'executed' | 'errored' | 'skipped',
    { code, message }: { readonly code: string | null; readonly message: string | null },
  ): void {
    this.#outcomes.push({ ...unchanged(work), state, code, message });
  }

  #again(
    work: Work,
    state: 'waiting' | 'sent',
    {
      toldMs = null,
      counts = true,
      missed = false,
    }: { readonly toldMs?: number | null; readonly counts?: boolean; readonly missed?: boolean },
  ): void {
    const { row } = work;
    const { retryInitialMs, retryMaximumMs } = this.#options.timings;
    const times = missed ? row.misses + 1 : row.tries + 1;
    const retryMs = waitAfter(times, toldMs, retryInitialMs, retryMaximumMs);
    this.#outcomes.push({ ...unchanged(work), state, retryMs, counts, misses: row.misses + (missed ? 1 : 0) });
  }

  async #save(): Promise<void> {
    if (this.#outcomes.length > 0) await saveOutcomes(this.#of.database, this.#options.lease, this.#outcomes);
  }
}

const noCertificate = new TidemarkError(
  'ORDER_INVALID',
  'A password can be generated only with settings.fulfil.passwordCertificate: nobody could read it.',
  {
    hint: 'Set the certificate of who may read the password, or give a reference to it: env:NAME or file:NAME.',
  },
);
const notOurs = {
  code: 'ORDER_REFUSED',
  message: 'an object with this name is there, and this order has not made it; nothing was changed',
} as const;
const unfindable = {
  code: 'ORDER_REFUSED',
  message:
    'the answer to its request was lost, and what it makes cannot be told from others: look whether it is there before you send it again',
} as const;

function isRefusedBundle({ unit }: Request, answer: WriteAnswer): boolean {
  return unit.length > 1 && answer.kind === 'answered' && answer.status >= 400 && answer.status < 500 && answer.status !== 429;
}

function unchanged({ row }: Work): Outcome {
  const { id, step, misses, failures } = row;
  return { id, state: 'waiting', objectId: null, step, misses, failures, retryMs: null, counts: true, code: null, message: null };
}

export const errored = (work: Work, { code, message }: Fault): Outcome => ({ ...unchanged(work), state: 'errored', code, message });
