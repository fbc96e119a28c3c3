// The entity of one connection (design 5): serialises its runs. Handlers change state; this loop acts on it, one step at a time.
// MUST NOT end by anything an operator sends or an activity throws: every step that can be refused is caught and noted.
import { allHandlersFinished, CancellationScope, condition, log, makeContinueAsNewFunc, workflowInfo } from '@temporalio/workflow';
import type { Mode, OpenedRun, Timings } from '../model.ts';
import { carriedFrom, carriedOf } from './carried.ts';
import { adoptRun, endRow, startRun, tellStop } from './child.ts';
import { show } from './details.ts';
import {
  conclude,
  type Current,
  type Entity,
  move,
  newEntity,
  type Rejection,
  takeHeld,
  takeLoaded,
  type Waiting,
  whyNotDecided,
} from './entity.ts';
import { briefOf } from './failures.ts';
import { handleMessages } from './handlers.ts';
import { checkConnectionInput } from './input.ts';
import { loading, short } from './options.ts';
import { planOf } from './pull.ts';
import { takeCancel, takeDeletion } from './requests.ts';
import { refreshState, savedStateOf } from './status.ts';
import { nextStep, type Step } from './steps.ts';

export async function connection(raw: unknown): Promise<string> {
  const { name } = checkConnectionInput(raw);
  const entity = newEntity(name, now());
  carriedFrom(entity, raw);
  handleMessages(entity, now);
  // Asked to be cancelled, the entity cancels its run and lives on: it ends with its connection.
  CancellationScope.current().cancelRequested.catch(() => {
    takeCancel(entity, {});
    entity.woken = true;
  });
  return CancellationScope.nonCancellable(() => attend(entity));
}

async function attend(entity: Entity): Promise<string> {
  for (;;) {
    const step = await awaitStep(entity);
    if (step.do === 'leave') return 'The connection was deleted.';
    if (step.do === 'renew') await renew(entity);
    else await perform(entity, step);
  }
}

/** Pinned like every workflow, the entity stays on its build; where another one has become current, its next execution begins there. */
function renew(entity: Entity): Promise<never> {
  const { targetWorkerDeploymentVersionChanged: moves } = workflowInfo();
  return makeContinueAsNewFunc<typeof connection>(moves ? { initialVersioningBehavior: 'AUTO_UPGRADE' } : {})(carriedOf(entity));
}

const now = (): string => new Date().toISOString();

async function awaitStep(entity: Entity): Promise<Step> {
  for (;;) {
    entity.woken = false;
    const step = choose(entity);
    if (step !== null) return step;
    const finished = allHandlersFinished();
    const suggested = renewalSuggested();
    await condition(() => entity.woken || allHandlersFinished() !== finished || renewalSuggested() !== suggested);
  }
}

function choose(entity: Entity): Step | null {
  if (entity.loaded) refreshState(entity, now());
  return nextStep(entity, { now: now(), handlersFinished: allHandlersFinished(), renewalSuggested: renewalSuggested() });
}

/** The history has grown long, or a newer version of the worker waits. */
function renewalSuggested(): boolean {
  const { continueAsNewSuggested, targetWorkerDeploymentVersionChanged } = workflowInfo();
  return continueAsNewSuggested || targetWorkerDeploymentVersionChanged;
}

type Acting = Exclude<Step, { readonly do: 'leave' | 'renew' }>;

async function perform(entity: Entity, step: Acting): Promise<void> {
  if (step.do === 'load') return load(entity);
  const { timings } = entity;
  if (timings === null) throw new TypeError('A step before the first load.');
  switch (step.do) {
    case 'stop':
      return tellStop(entity, step.current, step.stop);
    case 'reject':
      return reject(entity, step.rejection, timings);
    case 'note':
      entity.notes.shift();
      return attempt('An occurrence could not be recorded.', () => short(timings).noteOccurrence(step.note));
    case 'conclude':
      return end(entity, step.current, step.ended, timings);
    case 'adopt':
      entity.unfinished = entity.unfinished.slice(1);
      move(entity, 'runStarted', step.run.profile);
      return adoptRun(entity, { ...step.run, since: step.run.startedAt, ...adopted }, timings);
    case 'open':
      return open(entity, step.waiting, timings);
    case 'save':
      return save(entity, timings);
  }
}

const adopted = { mode: null, approves: null, told: null, ended: null } as const;

async function load(entity: Entity): Promise<void> {
  entity.reload = false;
  try {
    const loaded = await loading().loadConnection({ name: entity.name });
    if (loaded === null) takeDeletion(entity);
    else takeLoaded(entity, loaded);
  } catch (error) {
    // What it holds goes on to count; the next message about the row reads it again.
    entity.lastError = briefOf(error);
    log.error('The connection could not be read.', { ...briefOf(error) });
    if (!entity.loaded) throw error;
  }
}

/** Opens the run of a request and starts it. A request that cannot be opened is answered with the reason. */
async function open(entity: Entity, waiting: Waiting, timings: Timings): Promise<void> {
  entity.queue = entity.queue.filter((other) => other !== waiting);
  const { requestId, profile, trigger, scheduledAt, approve } = waiting;
  if (approve !== undefined) entity.approval = null;
  entity.opening = waiting;
  const { name, highestRun } = entity;
  try {
    const summary = approve === undefined ? `${profile}, ${trigger}` : 'removals approved';
    const request = { requestId, connection: name, profile, trigger, scheduledAt, highestRunSeen: highestRun };
    const result = await short(timings).openRun.executeWithOptions({ summary }, [
      approve === undefined ? request : { ...request, approve },
    ]);
    const run = result.kind === 'opened' ? result.opened.run : result.brief.run;
    entity.highestRun = Math.max(highestRun, run);
    entity.answers.set(requestId, { outcome: 'run', run });
    // A request repeated by a reset has the run that it had: one that joined it meanwhile is to have its own.
    if (run <= highestRun) requestAgain(entity);
    if (result.kind === 'ended') return;
    entity.runsHere += 1;
    move(entity, 'runStarted', profile);
    const mode = modeOf(result.opened);
    await startRun(entity, result.opened, { run, profile, since: now(), mode, approves: approve?.digest ?? null, told: null, ended: null });
  } catch (error) {
    refuse(entity, waiting, error);
  } finally {
    entity.opening = null;
  }
}

function requestAgain({ opening, queue }: Entity): void {
  if (opening?.joinedBy === undefined || queue.some(({ profile }) => profile === opening.profile)) return;
  // Whoever joins an occurrence asked by hand: theirs is none.
  const trigger = opening.trigger === 'forced' ? 'forced' : 'manual';
  queue.push({ requestId: opening.joinedBy, profile: opening.profile, trigger, scheduledAt: null });
}

function modeOf(opened: OpenedRun): Mode {
  if (opened.approve !== undefined) return 'settle';
  return opened.orders === true ? 'fulfil' : planOf(opened).mode;
}

function refuse(entity: Entity, { requestId, profile, scheduledAt, approve }: Waiting, error: unknown): void {
  const brief = briefOf(error);
  log.error('A run could not be opened.', { profile, ...brief });
  entity.lastError = brief;
  if (approve === undefined) move(entity, 'runFailed', profile);
  entity.answers.set(requestId, { outcome: 'skipped', reason: brief.message });
  if (scheduledAt === null) return;
  entity.notes.push({ connection: entity.name, profile, scheduledAt, outcome: 'skipped', run: null, reason: brief.message });
}

/** Rejects what is held. Whatever comes of it is the answer. */
async function reject(entity: Entity, rejection: Rejection, timings: Timings): Promise<void> {
  const { digest, by } = rejection;
  try {
    const { outcome, held } = await short(timings).rejectRemovals({ connection: entity.name, digest, by });
    takeHeld(entity, held);
    rejection.answer = outcome === 'rejected' ? { done: true, note: null } : { done: false, note: whyNotDecided(held) };
  } catch (error) {
    const brief = briefOf(error);
    log.error('Held removals could not be rejected.', { ...brief });
    rejection.answer = { done: false, note: brief.message };
  } finally {
    entity.rejections = entity.rejections.filter((other) => other !== rejection);
  }
}

async function end(entity: Entity, current: Current, ended: NonNullable<Current['ended']>, timings: Timings): Promise<void> {
  conclude(entity, ended.brief ?? (await endRow(entity, current, ended, timings, now())));
}

async function save(entity: Entity, timings: Timings): Promise<void> {
  const state = savedStateOf(entity, now());
  entity.savedAs = JSON.stringify(state);
  show(entity, now());
  await attempt('The state could not be saved.', () =>
    short(timings).saveState.executeWithOptions({ summary: state.state }, [{ name: entity.name, state }]),
  );
}

/** For what only records: a failure is logged, and the loop goes on. */
async function attempt(what: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    log.warn(what, { ...briefOf(error) });
  }
}
