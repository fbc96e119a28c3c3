// Entities on a real Temporal server, each over a store in memory of its own: what the suites of the entity stand on.
import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure, type UpdateDefinition } from '@temporalio/common';
import type { RunBrief } from '../../src/model.ts';
import { connectionId, taskQueues } from '../../src/workflows/ids.ts';
import type { connection } from '../../src/workflows/index.ts';
import { type ConnectionStatus, pullDueUpdate, type RunAnswer, stateQuery } from '../../src/workflows/messages.ts';
import { eventually } from '../support/waiting.ts';
import { fakeActivities, FakeStore } from './fakes.ts';
import { type Harness, type HarnessOptions, startHarness, until } from './harness.ts';

interface Entity {
  readonly name: string;
  readonly store: FakeStore;
  readonly handle: WorkflowHandle<typeof connection>;
  readonly state: () => Promise<ConnectionStatus>;
  /** Waits for runs to end, and answers all that have, oldest first. */
  readonly ended: (count: number) => Promise<RunBrief[]>;
  /** Waits until the run is planned: its workflow runs. */
  readonly underWay: (run: number) => Promise<void>;
}

interface Entities extends Harness {
  startEntity(prepare?: (store: FakeStore) => void): Promise<Entity>;
  /** Starts the entity of a name again, after its end. */
  startAgain(name: string): Promise<void>;
}

export async function startEntities(options: HarnessOptions = {}): Promise<Entities> {
  const stores = new Map<string, FakeStore>();
  const harness = await startHarness(
    fakeActivities((name) => {
      const store = stores.get(name);
      if (store === undefined) throw ApplicationFailure.nonRetryable(`no store ${name}`, 'CONFIG_INVALID');
      return store;
    }),
    options,
  );
  const startAgain = async (name: string): Promise<void> => {
    const start = { workflowId: connectionId(name), taskQueue: taskQueues.control, args: [{ name }] as [unknown] };
    await harness.client.workflow.start<typeof connection>('connection', start);
  };
  return {
    ...harness,
    startAgain,
    async startEntity(prepare = () => undefined) {
      const name = `c-${randomUUID()}`;
      const store = new FakeStore();
      prepare(store);
      stores.set(name, store);
      await startAgain(name);
      // By id alone: it goes on with the next execution.
      const handle = harness.client.workflow.getHandle<typeof connection>(connectionId(name));
      const state = (): Promise<ConnectionStatus> => handle.query(stateQuery);
      const ended = async (count: number): Promise<RunBrief[]> => {
        // The store is looked at first: it costs nothing, and a query does.
        await until(() => store.runs.filter(({ brief }) => brief !== null).length >= count);
        const { history } = await eventually('the entity has taken note', 50_000, async () => {
          const now = await state();
          return now.history.length >= count && now.current === null ? now : null;
        });
        return [...history].reverse();
      };
      const underWay = (run: number): Promise<void> => until(() => store.runs.some((row) => row.run === run && row.plan !== null));
      return { name, store, handle, state, ended, underWay };
    },
  };
}

/** Without an input as operators send it. */
export const ask = <Answer>(
  { handle }: Pick<Entity, 'handle'>,
  update: UpdateDefinition<Answer, [unknown?]>,
  input?: unknown,
): Promise<Answer> => handle.executeUpdate<Answer, [unknown]>(update.name, { args: [input] });

export const due = ({ handle }: Pick<Entity, 'handle'>, scheduledAt: string, profile = 'default'): Promise<RunAnswer> =>
  handle.executeUpdate(pullDueUpdate, { args: [{ profile, scheduledAt }] });
