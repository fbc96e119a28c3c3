// What a run's complete walks prove gone, staged: what was not seen, asked for where a list is no proof, and pairs that contradict (design 3.7).
// MUST stage nothing of a stream whose walk did not end on its own last page, and leave nothing staged that the source still has.
import type { FetchOptions, Source } from '../clients/source.ts';
import { codes, TidemarkError } from '../errors.ts';
import { failpoint } from '../failpoint.ts';
import { isFinding } from '../model.ts';
import type { Database } from '../store/database.ts';
import { retireEvidence } from '../store/finding.ts';
import { stagedGroups } from '../store/judgement.ts';
import {
  conflictingEdges,
  conflictsAskedAtMost,
  countLike,
  type IdPattern,
  keepRemovals,
  recordsWith,
  removalCandidates,
  stageUnseen,
} from '../store/settle.ts';
import { writeLog } from '../store/log.ts';
import { endWalk, forgetCursor, readCheckpoint } from '../store/walk.ts';
import type { StreamPlace } from '../store/walk.ts';
import { exceedsLimits } from './guard.ts';
import type { Guard } from './guard.ts';
import type { StreamTarget } from './page.ts';

/** How a run asks its source while it settles. */
export interface Asking {
  readonly options: FetchOptions;
  /** A wait told by the source beyond this, in milliseconds, is not waited. */
  readonly maxWaitMs: number;
  /** Tried so often that a source which still does not answer is given up (I9). */
  readonly lastTry: boolean;
}

export interface StageRequest extends Asking {
  readonly run: number;
  readonly targets: readonly StreamTarget[];
  readonly guard: Guard;
}

export interface SettleDependencies {
  readonly database: Database;
  readonly source: Source;
}

/** Ids asked for between two heartbeats: ten requests of twenty. */
export const askedAtOnce = 200;

/** Stages the removals of every complete stream. Answers the lists with more absent records than the guard allows: those are not asked for. */
export async function stageRemovals(dependencies: SettleDependencies, request: StageRequest): Promise<string[]> {
  const { database } = dependencies;
  const unasked: string[] = [];
  for (const target of request.targets) {
    const at = { run: request.run, connection: target.connection, stream: target.definition.name };
    const { outcome, mode, answered } = await readCheckpoint(database, at);
    if (outcome !== 'complete') continue;
    try {
      if (mode === 'full') {
        const hidden = await hiddenOf(dependencies, target, at, request.options);
        await stageUnseen(database, at, {
          hidden,
          silent: await silentOf(database, target, at, answered, () => request.options.alive?.()),
          ...(target.types === undefined ? {} : { types: target.types }),
        });
        failpoint('settle.afterStage');
        const asked = await askAbsent(dependencies, target, at, request);
        if (!asked) unasked.push(at.stream);
      }
      await askConflicts(dependencies, target, at, request.options);
      failpoint('settle.afterAsk');
    } catch (error) {
      // Nothing may be removed unasked: the stream ends partial, its removals are found again by the next run.
      if (!(error instanceof TidemarkError) || isTriedAgain(error, request)) throw error;
      await endWalk(database, { ...at, outcome: 'partial', error: { code: error.code, message: error.message, hint: error.hint } });
    }
  }
  return unasked;
}

/** Whether Temporal calls again; a run that was overtaken ends by the throw as well. */
export function isTriedAgain(error: TidemarkError, { maxWaitMs, lastTry }: Asking): boolean {
  if (error.code === 'STALE_ATTEMPT' || error.code === 'STORE_UNAVAILABLE') return true;
  return codes[error.code].retried && !lastTry && (error.retryAfterMs ?? 0) <= maxWaitMs;
}

/** The records whose edges the source does not show to this application; said in the run's log (decision 59). */
async function hiddenOf(
  { database, source }: SettleDependencies,
  { edges, definition }: StreamTarget,
  at: StreamPlace,
  options: FetchOptions,
): Promise<string[]> {
  const hidden = edges.find((edge) => edge.hidden !== undefined)?.hidden;
  const ids = hidden === undefined ? [] : await recordsWith(database, at, hidden);
  if (hidden === undefined || ids.length === 0 || (await source.holds(hidden.permission, options))) return [];
  await writeLog(database, {
    connection: at.connection,
    run: at.run,
    level: 'warning',
    message: `${definition.title}: ${ids.length} ${ids.length === 1 ? 'hides its' : 'hide their'} members. What is known of these stays as it is.`,
    details: { hint: `Grant ${hidden.permission} to the app registration, with admin consent, to have them read.` },
  });
  return ids;
}

/** The collections that answered nothing where they answered before: that proves none of their records gone, and the run's log says so. */
async function silentOf(
  database: Database,
  { definition: { title, walk, class: of }, types }: StreamTarget,
  at: StreamPlace,
  answered: Readonly<Record<string, number>>,
  alive: () => void,
): Promise<IdPattern[]> {
  const collections = walk.shape === 'collections' ? walk.collections : [];
  const silent: IdPattern[] = [];
  const others = collections.some(({ phase }) => (answered[phase] ?? 0) > 0);
  for (const { phase, answersFor } of collections) {
    if (answersFor === undefined) continue;
    const answers = (answered[phase] ?? 0) > 0;
    const known = answers ? 0 : await countLike(database, at, answersFor, types);
    // Where all of them are silent, nothing took the place of any.
    if (isFinding(of) && (answers || (known > 0 && others)))
      await retireEvidence(database, at, answersFor, { retired: !answers, types, alive });
    if (known === 0) continue;
    silent.push(answersFor);
    await writeLog(database, {
      connection: at.connection,
      run: at.run,
      level: 'warning',
      message: `${title}: the source answered nothing for "${phase}", where ${known} are known. They stay as they are.`,
      details: {
        hint: 'Look whether the role assignments of the application, the subscriptions asked for, or what Microsoft serves have changed.',
      },
    });
  }
  return silent;
}

/** A list is no snapshot: who was not on it is asked for by id, and only a 404 is gone. false: they are too many to be asked for now. */
async function askAbsent(
  { database, source }: SettleDependencies,
  { definition: { walk } }: StreamTarget,
  at: StreamPlace,
  { guard, options }: StageRequest,
): Promise<boolean> {
  if (walk.shape !== 'list') return true;
  const records = (await stagedGroups(database, at, at.stream)).find(({ kind }) => kind === 'record');
  if (records === undefined) return true;
  if (exceedsLimits(records, records.absent, guard)) return false;
  for (let after = 0; ;) {
    const candidates = await removalCandidates(database, { ...at, after, limit: askedAtOnce });
    const last = candidates.at(-1);
    if (last === undefined) return true;
    const { gone } = await source.gone({ path: walk.path, ids: candidates.map(({ id }) => id) }, options);
    const kept = candidates.filter(({ id }) => !gone.has(id));
    await keepRemovals(database, { ...at, records: kept.map(({ num }) => num), edges: [] });
    options.alive?.();
    after = last.num;
  }
}

/** A pair that one round both added and removed, on different pages: no order is promised, so the source is asked (decision 9). */
async function askConflicts(
  { database, source }: SettleDependencies,
  target: StreamTarget,
  at: StreamPlace,
  options: FetchOptions,
): Promise<void> {
  const { walk } = target.definition;
  if (walk.shape === 'collections') return;
  for (const edge of target.edges) {
    const property = edge.at;
    if (property === null) continue;
    const pairs = await conflictingEdges(database, { ...at, kind: edge.kind, unlisted: edge.unlisted });
    if (pairs.length === 0) continue;
    const { present } = await source.hasMembers({ path: walk.path, property, pairs }, options);
    const kept = pairs.flatMap((pair, index) => (present[index] === true ? [pair.num] : []));
    await keepRemovals(database, { ...at, records: [], edges: kept });
    // There may be more of them than a run asks for: a full pull tells what is (decision 9).
    if (pairs.length >= conflictsAskedAtMost) await forgetCursor(database, at);
  }
}
