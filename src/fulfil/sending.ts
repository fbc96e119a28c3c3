// The requests of one round, in their order: what was lost is looked for, the rest noted in the ledger, sent once, and what became of each noted.
// MUST note an order before its request, and look for what it was to make before anything is sent again (I12).
import type { Writer, WriteAnswer } from '../clients/graphWrite.ts';
import type { FetchOptions } from '../clients/source.ts';
import type { FulfilSettings } from '../connectors/identity-manager/fulfil.ts';
import { asTidemarkError, type TidemarkError } from '../errors.ts';
import { failpoint } from '../failpoint.ts';
import type { Timings } from '../model.ts';
import type { Database } from '../store/database.ts';
import { type Lease, madeLately, markSent, type Outcome, saveOutcomes } from '../store/ledger.ts';
import { judge, propertyOf, type Verdict } from './judge.ts';
import { lookFor, type Sight } from './look.ts';
import { notOurs, Outcomes, unfindable } from './outcomes.ts';
import type { Work } from './place.ts';
import { halvesOf, placesOf, type Preparation, type Request, requestOf, withItsPassword } from './prepare.ts';
import type { Protection } from './refuse.ts';
import { stepsOf, type Step } from './request.ts';
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

/** The sending of one round. */
export class Sending {
  failure: TidemarkError | null = null;
  readonly #of: RoundDependencies;
  readonly #options: RoundOptions;
  readonly #preparation: Preparation;
  readonly #outcomes: Outcomes;

  constructor(of: RoundDependencies, options: RoundOptions) {
    this.#of = of;
    this.#options = options;
    const { settings, lease } = options;
    this.#preparation = { connection: lease.connection, base: of.writer.base, settings, reveal: of.reveal };
    this.#outcomes = new Outcomes(this.#preparation, options.timings);
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
          sealed,
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
        if (isRefusedBundle(request, answer)) split.push(...halvesOf(request, this.#preparation));
        else for (const work of request.unit) this.#take(work, request.step, answer, { lately, looks });
      });
      going = split;
    }
    await this.#followUp(looks);
    await this.#save();
    failpoint('order.afterSave');
    return this.#outcomes.all;
  }

  /** What was sent before and has no answer may be there: a creation is looked for first, several times, for the directory shows it late. */
  async #lookForLost(units: readonly (readonly Work[])[]): Promise<(readonly Work[])[]> {
    const lost = units.flat().filter(({ row, order }) => row.state === 'sent' && order.action === 'create' && row.objectId === null);
    const unsafe = lost.filter(({ order }) => typeOf(order.type).found?.by !== 'upsert');
    const sights = await this.#look(unsafe);
    for (const [work, sight] of sights) {
      if (sight.kind === 'ours') this.#outcomes.next(work, sight.id.toLowerCase(), { again: work.row.tries > 1 });
      else if (sight.kind === 'others') this.#outcomes.end(work, 'errored', notOurs);
      else if (typeOf(work.order.type).found === null) this.#outcomes.end(work, 'errored', unfindable);
      else if (sight.kind === 'unknown' || work.row.misses < mostMisses)
        this.#outcomes.again(work, 'sent', { missed: sight.kind === 'none' });
    }
    const decided = new Set(this.#outcomes.all.map(({ id }) => id));
    return units.map((unit) => unit.filter(({ row }) => !decided.has(row.id))).filter((unit) => unit.length > 0);
  }

  async #lately(works: readonly Work[]): Promise<ReadonlySet<string>> {
    const ids = works.flatMap(({ object, member }) => [object ?? [], member ?? []].flat());
    return ids.length === 0 ? new Set() : madeLately(this.#of.database, this.#options.lease.connection, [...new Set(ids)]);
  }

  /** The requests of units; what cannot be prepared ends here. */
  async #prepare(units: readonly (readonly Work[])[]): Promise<{ readonly request: Request; readonly sealed: string | null }[]> {
    const removals = units.flat().filter(({ order }) => order.type === 'directoryRole' && order.action === 'removeMember');
    const assignments = await this.#look(removals);
    const prepared: { readonly request: Request; readonly sealed: string | null }[] = [];
    for (const unit of units) {
      const [work] = unit;
      if (work === undefined) continue;
      if (unit.length > 1) {
        prepared.push({ request: requestOf(unit, this.#preparation), sealed: null });
        continue;
      }
      const assignment = assignments.get(work);
      if (assignment?.kind === 'none') this.#outcomes.conclude(work, { do: 'already', what: 'nobody holds it so already' });
      else if (assignment?.kind === 'unknown') this.#outcomes.again(work, work.row.state, {});
      else {
        const ready = await this.#ready(work, assignment?.id ?? null);
        if (ready !== null) prepared.push({ request: { unit, step: ready.step }, sealed: ready.sealed });
      }
    }
    return prepared;
  }

  /** The order's next request; null when it has none, or it cannot be built: then the order ends. */
  async #ready(work: Work, assignment: string | null): Promise<Awaited<ReturnType<typeof withItsPassword>> | null> {
    try {
      const step = stepsOf(work.order, placesOf(work, this.#preparation, assignment))[work.row.step];
      if (step !== undefined) return await withItsPassword(step, work.row.id, this.#preparation);
      this.#outcomes.end(work, 'executed', { code: null, message: null });
    } catch (error) {
      const { code, message } = asTidemarkError(error);
      if (code === 'STORE_UNAVAILABLE') throw error;
      this.#outcomes.end(work, 'errored', { code, message });
    }
    return null;
  }

  #look(works: readonly Work[]): Promise<Map<Work, Sight>> {
    return lookFor(this.#of.writer, works, { ...this.#options, connection: this.#options.lease.connection });
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
      if (typeof id === 'string') this.#outcomes.next(work, id.toLowerCase());
      // It was there: the answer says nothing of it.
      else of.looks.push({ work, otherwise: { do: 'unknown', waitMs: null, counts: true } });
    } else this.#outcomes.conclude(work, verdict);
  }

  /** What a refusal left open: whether the object, or the relation, is there. */
  async #followUp(looks: readonly { readonly work: Work; readonly otherwise: Verdict }[]): Promise<void> {
    if (looks.length === 0) return;
    const sights = await this.#look(looks.map(({ work }) => work));
    for (const { work, otherwise } of looks) this.#outcomes.seen(work, sights.get(work) ?? { kind: 'unknown' }, otherwise);
  }

  async #save(): Promise<void> {
    const { all } = this.#outcomes;
    if (all.length > 0) await saveOutcomes(this.#of.database, this.#options.lease, all);
  }
}

function isRefusedBundle({ unit }: Request, answer: WriteAnswer): boolean {
  return unit.length > 1 && answer.kind === 'answered' && answer.status >= 400 && answer.status < 500 && answer.status !== 429;
}
