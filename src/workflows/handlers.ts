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
  type SignalDefinition,
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
  type RemovalsInput,
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
  // Signals that came before the row was read; they are taken in their order as soon as it has been.
  const early: (() => void)[] = [];
  const ready = wait(() => entity.loaded).then(() => {
    for (const take of early.splice(0)) take();
  });
  /** Whatever a message changes, the main loop looks at it. */
  const taken = <T>(take: () => T): T => {
    entity.woken = true;
    return take();
  };
  const whenReady = async <T>(take: () => T): Promise<T> => {
    if (!entity.loaded) await ready;
    return taken(take);
  };

  const takeRequests = (input: ProfileInput, forced: boolean, requestId: string): RequestReply[] => {
    const profiles = meantProfiles(entity, input);
    if (profiles === null) throw refused(`connection "${entity.name}" has no profile "${input.profile ?? ''}"`);
    return profiles.map((profile) => {
      const id = `${requestId}:${profile}`;
      return { profile, id, reply: takeRequest(entity, { requestId: id, profile, forced }) };
    });
  };
  const requestRuns = async (input: ProfileInput, forced: boolean): Promise<RunAnswers> => {
    const replies = await whenReady(() => takeRequests(input, forced, updateId()));
    const answers = replies.map(async ({ profile, id, reply }) => ({ profile, ...(await answerOf(entity, id, reply)) }));
    return { answers: await Promise.all(answers) };
  };
  const due = async (input: PullDueInput): Promise<RunAnswer> => {
    const reply = await whenReady(() => {
      const given = takeDue(entity, input);
      // The times known beforehand are used up: the next ones are read.
      const profile = entity.profiles.find(({ name }) => name === input.profile);
      if (profile !== undefined && profile.scheduled && !profile.upcoming.some((time) => time > now())) entity.reload = true;
      return given;
    });
    return answerOf(entity, dueId(input), reply);
  };
  const approve = async (input: RemovalsInput): Promise<RunAnswer> => {
    const requestId = updateId();
    return answerOf(entity, requestId, await whenReady(() => takeApproval(entity, { ...input, requestId })));
  };
  const reject = async (input: RemovalsInput): Promise<DoneAnswer> => {
    const rejection = await whenReady(() => takeRejection(entity, input));
    if (rejection.answer === null) await wait(() => rejection.answer !== null);
    return rejection.answer ?? { done: false, note: null };
  };
  // Asks the activity itself, beside the main loop: a test changes nothing of the entity, so that there is nothing to keep in order with its runs.
  // The entity does not continue as new while it waits: it looks at allHandlersFinished.
  const test = (): Promise<ConnectionTest> => CancellationScope.nonCancellable(() => askTest({ name: entity.name }));

  setHandler(stateQuery, () => statusOf(entity, now()));
  setHandler(runNowUpdate, (raw?: unknown) => requestRuns(checkProfileInput(raw), false), {
    validator: (raw?: unknown) => void checkProfileInput(raw),
  });
  setHandler(forceFullPullUpdate, (raw?: unknown) => requestRuns(checkProfileInput(raw), true), {
    validator: (raw?: unknown) => void checkProfileInput(raw),
  });
  setHandler(pullDueUpdate, (raw?: unknown) => due(checkPullDueInput(raw)), { validator: (raw?: unknown) => void checkPullDueInput(raw) });
  setHandler(pauseUpdate, (raw?: unknown) => whenReady(() => takePause(entity, checkPauseInput(raw), now())), {
    validator: (raw?: unknown) => void checkPauseInput(raw),
  });
  setHandler(resumeUpdate, () => whenReady(() => takeResume(entity)), { validator: (raw?: unknown) => checkNothing(raw) });
  setHandler(testConnectionUpdate, () => test(), { validator: (raw?: unknown) => checkNothing(raw) });
  setHandler(cancelRunUpdate, (raw?: unknown) => whenReady(() => takeCancel(entity, checkCancelInput(raw))), {
    validator: (raw?: unknown) => void checkCancelInput(raw),
  });
  setHandler(approveRemovalsUpdate, (raw?: unknown) => approve(checkRemovalsInput(raw)), {
    validator: (raw?: unknown) => void checkRemovalsInput(raw),
  });
  setHandler(rejectRemovalsUpdate, (raw?: unknown) => reject(checkRemovalsInput(raw)), {
    validator: (raw?: unknown) => void checkRemovalsInput(raw),
  });

  let signals = 0;
  /** A signal has no id of its own; its number within this execution is one. */
  const signalId = (): string => `signal:${workflowInfo().runId}:${(signals += 1)}`;
  // MUST be synchronous, and wait for nothing: thousands of signals that have piled up are taken in one Workflow Task of a few seconds at most,
  // and each promise costs as much as all the rest of a signal.
  const onSignal = (
    definition: SignalDefinition<[unknown?]>,
    take: (raw: unknown) => Reply | DoneAnswer | readonly RequestReply[] | null,
  ): void =>
    setHandler(definition, (raw?: unknown) => {
      const heed = (): void => tolerate(definition.name, () => taken(() => take(raw)));
      if (entity.loaded) heed();
      else early.push(heed);
    });
  onSignal(runNowSignal, (raw) => takeRequests(checkProfileInput(raw), false, signalId()));
  onSignal(forceFullPullSignal, (raw) => takeRequests(checkProfileInput(raw), true, signalId()));
  onSignal(pauseSignal, (raw) => takePause(entity, checkPauseInput(raw), now()));
  onSignal(resumeSignal, () => takeResume(entity));
  onSignal(cancelRunSignal, (raw) => takeCancel(entity, checkCancelInput(raw)));
  onSignal(approveRemovalsSignal, (raw) => takeApproval(entity, { ...checkRemovalsInput(raw), requestId: signalId() }));
  onSignal(rejectRemovalsSignal, (raw) => takeRejection(entity, checkRemovalsInput(raw)).answer);
  setHandler(configuredSignal, () => taken(() => void (entity.reload = true)));
  setDefaultSignalHandler((name) => log.warn('An unknown signal was ignored.', { signal: name }));
}

interface RequestReply {
  readonly profile: string;
  readonly id: string;
  readonly reply: Reply;
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
function tolerate(signal: string, take: () => unknown): void {
  try {
    log.info('A signal was taken.', { signal, answer: take() });
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
