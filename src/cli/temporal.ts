// The command line's way to Temporal: connecting, and its errors as codes. The only file here that knows gRPC.
import { Client, Connection, isGrpcServiceError, ServiceError } from '@temporalio/client';
import { NamespaceNotFoundError, TimeoutFailure } from '@temporalio/common';
import { dataConverterOf } from '../clients/codec/dataConverter.ts';
import type { Config } from '../config.ts';
import { TidemarkError } from '../errors.ts';

const connectTimeoutMs = 1500;

const grpc = {
  cancelled: 1,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  failedPrecondition: 9,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** @throws ORCHESTRATOR_UNAVAILABLE with the address and the fix, within two seconds; CONFIG_INVALID of the codec's keys. */
export async function connectTemporal(temporal: Config['temporal']): Promise<Client> {
  const dataConverter = await dataConverterOf(temporal.codecKeyFile);
  try {
    const connection = await Connection.connect({ ...temporal.connection, connectTimeout: connectTimeoutMs });
    return new Client({ connection, namespace: temporal.namespace, dataConverter });
  } catch (error) {
    const refused = grpcCode(error) === grpc.permissionDenied || grpcCode(error) === grpc.unauthenticated;
    throw new TidemarkError(
      'ORCHESTRATOR_UNAVAILABLE',
      `Temporal at ${temporal.address} ${refused ? 'refused the credentials' : 'is not reachable'}.`,
      {
        hint: refused
          ? 'Correct the API key or client certificate of the Temporal configuration (TEMPORAL_*).'
          : 'Start it ("tidemark up", or your own server), or correct TEMPORAL_ADDRESS.',
        cause: error,
      },
    );
  }
}

/** Whether the workflow or schedule asked for does not exist (any more). */
export const isNotFound = (error: unknown): boolean => grpcCode(error) === grpc.notFound || hasName(error, 'WorkflowNotFoundError');

/** Whether the server waited in vain for a worker's answer. */
export function isUnanswered(error: unknown): boolean {
  const code = grpcCode(error);
  // A query is refused with FAILED_PRECONDITION when no worker has polled lately.
  return (
    code === grpc.deadlineExceeded ||
    // The server gives up a moment before our deadline.
    code === grpc.cancelled ||
    code === grpc.failedPrecondition ||
    hasName(error, 'WorkflowUpdateRPCTimeoutOrCancelledError') ||
    error instanceof TimeoutFailure
  );
}

/** An error of a call as a TidemarkError: Temporal's own trouble is ORCHESTRATOR_UNAVAILABLE, all else stays as it is. */
export function castTemporal(error: unknown, client: Client): unknown {
  if (error instanceof TidemarkError) return error;
  const { namespace } = client.options;
  if (error instanceof NamespaceNotFoundError || hasName(error, 'NamespaceNotFoundError')) {
    return new TidemarkError('ORCHESTRATOR_UNAVAILABLE', `Temporal has no namespace "${namespace}".`, {
      hint: `Create it (temporal operator namespace create -n ${namespace}), or correct TEMPORAL_NAMESPACE.`,
      cause: error,
    });
  }
  if (grpcCode(error) !== null || error instanceof ServiceError) {
    return new TidemarkError('ORCHESTRATOR_UNAVAILABLE', `Temporal did not answer a call properly (${describe(error)}).`, { cause: error });
  }
  return error;
}

const statusNames: Record<number, string> = Object.fromEntries(Object.entries(grpc).map(([name, code]) => [code, name]));

function describe(error: unknown): string {
  const code = grpcCode(error);
  return code === null ? 'unknown status' : (statusNames[code] ?? `status ${code}`);
}

function grpcCode(error: unknown): number | null {
  if (isGrpcServiceError(error)) return error.code;
  return error instanceof Error && error.cause !== undefined ? grpcCode(error.cause) : null;
}

const hasName = (error: unknown, name: string): boolean => error instanceof Error && error.name === name;
