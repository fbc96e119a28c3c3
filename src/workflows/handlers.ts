// The handlers of the entity's messages: they check, change its state, and wait for an answer where one is due.
// Validators MUST be synchronous; a signal that cannot be taken is logged and ignored.
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  currentUpdateInfo,
  log,
  setDefaultSignalHandler,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { ConnectionTest } from '../model.ts';
import type { Entity } from './entity.ts';
import { checkCancelInput, checkNothing, checkPauseInput, checkProfileInput, checkPullDueInput, checkRemovalsInput } from './input.ts';
import {
  approveRemovalsSignal,
  approveRemovalsUpdate,
  cancelRunSignal,
  cancelRunUpdate,
  configuredSignal,
  type DoneAnswer,
  forceFullPullSignal,
  forceFullPullUpdate,
  pauseSignal,
  pauseUpdate,
  type ProfileInput,
  pullDueUpdate,
  type PullDueInput,
  rejectRemovalsSignal,
  rejectRemovalsUpdate,
  resumeSignal,
  resumeUpdate,
  type RunAnswer,
  type RunAnswers,
  runNowSignal,
  runNowUpdate,
  stateQuery,
  testConnectionUpdate,
} from './messages.ts';
import { takeApproval, takeRejection } from './removals.ts';
import { dueId, meantProfiles, type Reply, takeCancel, takeDue, takePause, takeRequest, takeResume } from './requests.ts';
import { statusOf } from './status.ts';
import { askTest } from './testConnection.ts';

export function handleMessages(entity: Entity, now: () => string): void {
  const loaded = async (): Promise<void> => {
    if (!entity.loaded) await wait(() => entity.loaded);
    // Whatever the message changes, the main loop looks at it.
    entity.woken = true;
  };

  const requestRuns = async (input: ProfileInput, forced: boolean, requestId: string): Promise<RunAnswers> => {
    await loaded();
    const profiles = meantProfiles(entity, input);
    if (profiles === null) throw refused(`connection "${entity.name}" has no profile "${input.profile ?? ''}"`);
    const replies = profiles.map((profile) => {
      const id = `${requestId}:${profile}`;
      return { profile, id, reply: takeRequest(entity, { requestId: id, profile, forced }) };
    });
    const answers = replies.map(async ({ profile, id, reply }) => ({ profile, ...(await answerOf(entity, id, reply)) }));
    return { answers: await Promise.all(answers) };
  };
  const due = async (input: PullDueInput): Promise<RunAnswer> => {
    await loaded();
    const reply = takeDue(entity, input);
    // The times known beforehand are used up: the next ones are read.
    const profile = entity.profiles.find(({ name }) => name === input.profile);
    if (profile !== undefined && profile.scheduled && !profile.upcoming.some((time) => time > now())) entity.reload = true;
    return answerOf(entity, dueId(input), reply);
  };
  const pause = async (raw: unknown): Promise<DoneAnswer> => {
    const input = checkPauseInput(raw);
    await loaded();
    return takePause(entity, input, now());
  };
  const resume = async (): Promise<DoneAnswer> => {
    await loaded();
    return takeResume(entity);
  };
  const cancel = async (raw: unknown): Promise<DoneAnswer> => {
    const input = checkCancelInput(raw);
    await loaded();
    return takeCancel(entity, input);
  };
  const approve = async (raw: unknown, requestId: string): Promise<RunAnswer> => {
    const input = checkRemovalsInput(raw);
    await loaded();
    return answerOf(entity, requestId, takeApproval(entity, { ...input, requestId }));
  };
  const reject = async (raw: unknown): Promise<DoneAnswer> => {
    const input = checkRemovalsInput(raw);
    await loaded();
    const rejection = takeRejection(entity, input);
    if (rejection.answer === null) await wait(() => rejection.answer !== null);
    return rejection.answer ?? { done: false, note: null };
  };
  // Asks the activity itself, beside the main loop: a test changes nothing of the entity, so that there is nothing to keep in order with its runs.
  // The entity does not continue as new while it waits: it looks at allHandlersFinished.
  const test = (): Promise<ConnectionTest> => CancellationScope.nonCancellable(() => askTest({ name: entity.name }));

  setHandler(stateQuery, () => statusOf(entity, now()));
  setHandler(runNowUpdate, (raw?: unknown) => requestRuns(checkProfileInput(raw), false, updateId()), {
    validator: (raw?: unknown) => void checkProfileInput(raw),
  });
  setHandler(forceFullPullUpdate, (raw?: unknown) => requestRuns(checkProfileInput(raw), true, updateId()), {
    validator: (raw?: unknown) => void checkProfileInput(raw),
  });
  setHandler(pullDueUpdate, (raw?: unknown) => due(checkPullDueInput(raw)), { validator: (raw?: unknown) => void checkPullDueInput(raw) });
  setHandler(pauseUpdate, (raw?: unknown) => pause(raw), { validator: (raw?: unknown) => void checkPauseInput(raw) });
  setHandler(resumeUpdate, () => resume(), { validator: (raw?: unknown) => checkNothing(raw) });
  setHandler(testConnectionUpdate, () => test(), { validator: (raw?: unknown) => checkNothing(raw) });
  setHandler(cancelRunUpdate, (raw?: unknown) => cancel(raw), { validator: (raw?: unknown) => void checkCancelInput(raw) });
  setHandler(approveRemovalsUpdate, (raw?: unknown) => approve(raw, updateId()), {
    validator: (raw?: unknown) => void checkRemovalsInput(raw),
  });
  setHandler(rejectRemovalsUpdate, (raw?: unknown) => reject(raw), { validator: (raw?: unknown) => void checkRemovalsInput(raw) });

  let signals = 0;
  /** A signal has no id of its own; its number within this execution is one. */
  const signalId = (): string => `signal:${workflowInfo().runId}:${(signals += 1)}`;
  setHandler(runNowSignal, (raw?: unknown) => tolerate('runNow', () => requestRuns(checkProfileInput(raw), false, signalId())));
  setHandler(forceFullPullSignal, (raw?: unknown) =>
    tolerate('forceFullPull', () => requestRuns(checkProfileInput(raw), true, signalId())),
  );
  setHandler(pauseSignal, (raw?: unknown) => tolerate('pause', () => pause(raw)));
  setHandler(resumeSignal, () => tolerate('resume', () => resume()));
  setHandler(cancelRunSignal, (raw?: unknown) => tolerate('cancelRun', () => cancel(raw)));
  setHandler(approveRemovalsSignal, (raw?: unknown) => tolerate('approveRemovals', () => approve(raw, signalId())));
  setHandler(rejectRemovalsSignal, (raw?: unknown) => tolerate('rejectRemovals', () => reject(raw)));
  setHandler(configuredSignal, () => {
    entity.reload = true;
    entity.woken = true;
  });
  setDefaultSignalHandler((name) => log.warn('An unknown signal was ignored.', { signal: name }));
}

async function answerOf(entity: Entity, requestId: string, reply: Reply): Promise<RunAnswer> {
  if (reply !== 'opening') return reply;
  await wait(() => entity.answers.has(requestId));
  return entity.answers.get(requestId) ?? { outcome: 'queued' };
}

/** Handlers run in the workflow's own scope, and would fail for ever after once it was asked to be cancelled. */
function wait(until: () => boolean): Promise<void> {
  return CancellationScope.nonCancellable(() => condition(until));
}

/** A signal's sender hears nothing: what became of it is logged. */
async function tolerate(signal: string, act: () => Promise<RunAnswers | RunAnswer | DoneAnswer>): Promise<void> {
  try {
    const answer = await act();
    log.info('A signal was taken.', { signal, answer });
  } catch (error) {
    log.warn('A signal was ignored.', { signal, reason: error instanceof Error ? error.message : 'bad payload' });
  }
}

function updateId(): string {
  return `update:${currentUpdateInfo()?.id ?? ''}`;
}

function refused(reason: string): ApplicationFailure {
  return ApplicationFailure.create({ type: 'CONFIG_INVALID', message: `Refused: ${reason}.`, nonRetryable: true });
}
