// Talking to the entity `connection:NAME`: its updates and its query, and what is said when no worker answers.
import { type Client, WithStartWorkflowOperation } from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import { randomUUID } from 'node:crypto';
import { entityStart, tellConfigured, tellRunNow } from '../clients/entity.ts';
import { asTidemarkError, TidemarkError } from '../errors.ts';
import { readPresence } from '../store/worker.ts';
import { connectionId, taskQueues } from '../workflows/ids.ts';
import { configuredSignal, type ConnectionStatus, stateQuery } from '../workflows/messages.ts';
import type { Context } from './context.ts';
import { failureOf } from './failure.ts';
import { castTemporal, isNotFound, isUnanswered } from './temporal.ts';

const updateTimeoutMs = 20_000;
const queryTimeoutMs = 10_000;

/** Where an entity is asked: Temporal, and the database, which knows the workers. */
type Reach = Pick<Context, 'temporal' | 'database'>;

/**
 * Sends an update to the entity, starting it when it does not run. The id of the update makes a repeated call harmless.
 * @throws ORCHESTRATOR_UNAVAILABLE when no worker answers; CONFIG_INVALID when the entity refuses the input.
 */
export async function askEntity<Answer>(
  reach: Reach,
  name: string,
  update: UpdateDefinition<Answer, [unknown?]>,
  input: object,
): Promise<Answer> {
  await requireWorker(reach);
  const client = await reach.temporal();
  try {
    return await client.withDeadline(Date.now() + updateTimeoutMs, () =>
      client.workflow.executeUpdateWithStart(update, {
        args: [input],
        updateId: randomUUID(),
        startWorkflowOperation: new WithStartWorkflowOperation('connection', {
          ...entityStart(name),
          workflowIdConflictPolicy: 'USE_EXISTING',
        }),
      }),
    );
  } catch (error) {
    if (isUnanswered(error)) throw noWorker((await lookForWorker(reach)).seenAt, error);
    if (error instanceof Error && error.name === 'WorkflowUpdateFailedError') throw failureOf(error) ?? refusedBy(error, name, update.name);
    throw castTemporal(error, client);
  }
}

/** The entity refused the update: its own words are for operators. */
function refusedBy(error: Error, name: string, update: string): TidemarkError {
  const reason = error.cause instanceof Error ? error.cause.message : error.message;
  return new TidemarkError('CONFIG_INVALID', `Connection "${name}" refused ${update}: ${reason}`, {
    hint: `"tidemark get ${name}" shows what the connection has.`,
    cause: error,
  });
}

/** Tells the entity that its row has changed, starting it when it does not run. Needs no worker; may be repeated. */
export async function tellChanged(client: Client, name: string): Promise<void> {
  try {
    await tellConfigured(client, name);
  } catch (error) {
    throw castTemporal(error, client);
  }
}

/** Asks for a run of the profile, starting the entity when it does not run. Needs no worker. */
export async function askForRun(client: Client, name: string, profile: string): Promise<void> {
  try {
    await tellRunNow(client, name, profile);
  } catch (error) {
    throw castTemporal(error, client);
  }
}

/** Tells the entity of a connection that is going away; one that does not run is not started. */
export async function tellDeleted(client: Client, name: string): Promise<void> {
  try {
    await client.workflow.getHandle(connectionId(name)).signal(configuredSignal);
  } catch (error) {
    if (!isNotFound(error)) throw castTemporal(error, client);
  }
}

/**
 * The entity's state; null when it does not run.
 * @throws ORCHESTRATOR_UNAVAILABLE "no worker since …" when nobody answers.
 */
export async function queryEntity(reach: Reach, name: string): Promise<ConnectionStatus | null> {
  await requireWorker(reach);
  const client = await reach.temporal();
  try {
    return await client.withDeadline(Date.now() + queryTimeoutMs, () => client.workflow.getHandle(connectionId(name)).query(stateQuery));
  } catch (error) {
    if (isNotFound(error)) return null;
    if (isUnanswered(error)) throw noWorker((await lookForWorker(reach)).seenAt, error);
    throw castTemporal(error, client);
  }
}

/** The names of the connections whose entities run, as Temporal lists them: the first `limit`. @throws ORCHESTRATOR_UNAVAILABLE */
export async function listEntities(reach: Reach, limit: number): Promise<string[]> {
  const client = await reach.temporal();
  const prefix = connectionId('');
  const names: string[] = [];
  try {
    for await (const { workflowId } of client.workflow.list({ query: `WorkflowType = 'connection' and ExecutionStatus = 'Running'` })) {
      if (workflowId.startsWith(prefix)) names.push(workflowId.slice(prefix.length));
      if (names.length === limit) break;
    }
    return names.toSorted();
  } catch (error) {
    throw castTemporal(error, client);
  }
}

/** @throws ORCHESTRATOR_UNAVAILABLE "no worker since …" at once when none is there: an update would only wait. */
export async function requireWorker(reach: Reach): Promise<void> {
  // Where there is no Temporal, that is what is to be mended first.
  await reach.temporal();
  const { alive, seenAt } = await lookForWorker(reach);
  if (!alive) throw noWorker(seenAt, undefined);
}

interface Seen {
  readonly alive: boolean;
  /** ISO-8601; null when none is known. */
  readonly seenAt: string | null;
}

/** The workers of the control queue, by their rows; where the database does not answer or knows of none, by who asked Temporal for work. */
async function lookForWorker(reach: Reach): Promise<Seen> {
  const client = await reach.temporal();
  return (await rowOfWorker(reach, client)) ?? lastPoll(client);
}

async function rowOfWorker(reach: Reach, client: Client): Promise<Seen | null> {
  try {
    const presence = (await readPresence(await reach.database(), client.options.namespace)).get(taskQueues.control);
    return presence === undefined ? null : { alive: presence.workers > 0, seenAt: presence.seenAt };
  } catch (error) {
    if (asTidemarkError(error).code === 'STORE_UNAVAILABLE') return null;
    throw error;
  }
}

/** A worker asks anew at least every minute; one that did not is gone. */
const pollMs = 75_000;

/** Temporal remembers who asked for five minutes. */
async function lastPoll(client: Client): Promise<Seen> {
  try {
    const { pollers } = await client.workflowService.describeTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name: taskQueues.control },
      taskQueueType: 1,
    });
    const latest = Math.max(0, ...(pollers ?? []).map((poller) => Number(poller.lastAccessTime?.seconds ?? 0) * 1000));
    return { alive: Date.now() - latest <= pollMs, seenAt: latest === 0 ? null : new Date(latest).toISOString() };
  } catch (error) {
    throw castTemporal(error, client);
  }
}

/** What is said when nobody answers for the entities. `since`: when one was last seen, as far as that is known. */
function noWorker(since: string | null, cause: unknown): TidemarkError {
  const when = since ?? `before ${new Date(Date.now() - 5 * 60_000).toISOString()}`;
  return new TidemarkError(
    'ORCHESTRATOR_UNAVAILABLE',
    `There is no worker on task queue "${taskQueues.control}": no worker since ${when}.`,
    {
      hint: 'Start one: "tidemark worker" (or "tidemark up", which brings one).',
      cause,
      details: { noWorkerSince: when },
    },
  );
}
