// Test Connection as a workflow of its own: `apply` starts it with a connection that is not stored yet. It ends with the answer.
import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';
import type { ConnectionTest } from '../model.ts';
import { briefOf } from './failures.ts';
import { checkTestInput } from './input.ts';
import type { TestInput } from './messages.ts';
import { testingConnection } from './options.ts';

export function testConnection(raw: unknown): Promise<ConnectionTest> {
  return askTest(checkTestInput(raw));
}

/** The worker's answer. @throws ApplicationFailure with the code, where no answer came of it. */
export async function askTest(input: TestInput): Promise<ConnectionTest> {
  try {
    return await testingConnection().testConnection(input);
  } catch (error) {
    const { code, message, hint } = isTimeout(error) ? unanswered : briefOf(error);
    throw ApplicationFailure.create({ type: code, message, details: [{ hint }], nonRetryable: true });
  }
}

const isTimeout = (error: unknown): boolean => error instanceof ActivityFailure && error.cause instanceof TimeoutFailure;

const unanswered = {
  code: 'ORCHESTRATOR_UNAVAILABLE',
  message: 'No worker answered the test in time.',
  hint: 'Test again; "tidemark doctor" says whether workers are there.',
} as const;
