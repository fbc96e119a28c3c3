// A failure that a workflow or update ended with, as the TidemarkError that it was.
import { ApplicationFailure } from '@temporalio/common';
import { codes, type ErrorCode, TidemarkError } from '../errors.ts';

/** null when it is none of ours. An update's CONFIG_INVALID is a refusal of its input, and told otherwise: null too, without `refusals`. */
export function failureOf(error: unknown, { refusals = false }: { readonly refusals?: boolean } = {}): TidemarkError | null {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof ApplicationFailure) || !isCode(cause.type)) return null;
  if (cause.type === 'CONFIG_INVALID' && !refusals) return null;
  return new TidemarkError(cause.type, cause.message, { ...hintOf(cause.details?.[0]), cause: error });
}

function isCode(type: string | null | undefined): type is ErrorCode {
  return typeof type === 'string' && Object.hasOwn(codes, type);
}

function hintOf(about: unknown): { readonly hint?: string } {
  if (typeof about !== 'object' || about === null || !('hint' in about)) return {};
  return typeof about.hint === 'string' ? { hint: about.hint } : {};
}
