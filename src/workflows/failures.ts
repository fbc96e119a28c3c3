// What a failed activity or child says, as an error brief. Pure: it reads the code, never a message.
import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure } from '@temporalio/workflow';
import { codes, type ErrorCode } from '../errors.ts';
import type { ErrorBrief } from '../model.ts';

/** The brief of the TidemarkError that ended an activity; INTERNAL for anything else, without its text. */
export function briefOf(error: unknown): ErrorBrief {
  const cause = error instanceof ActivityFailure || error instanceof ChildWorkflowFailure ? error.cause : error;
  if (!(cause instanceof ApplicationFailure) || !isCode(cause.type)) {
    return { code: 'INTERNAL', message: 'The run ended without a proper answer.', hint: codes.INTERNAL.hint };
  }
  const [about] = cause.details ?? [];
  return { code: cause.type, message: cause.message, hint: hintOf(about) ?? codes[cause.type].hint };
}

function isCode(type: string | null | undefined): type is ErrorCode {
  return typeof type === 'string' && Object.hasOwn(codes, type);
}

function hintOf(about: unknown): string | null {
  if (typeof about !== 'object' || about === null || !('hint' in about)) return null;
  return typeof about.hint === 'string' ? about.hint : null;
}
