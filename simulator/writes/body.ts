// The body of a write, and the refusals of what stands in it, in Microsoft's words.
import type { Json, JsonObject } from '../../src/model.ts';
import { Refusal, badRequest } from '../answer.ts';
import { reread } from '../json.ts';

/** A write as it came, with whose bearer it is. */
export interface Write {
  readonly method: string;
  /** Below /v1.0/, decoded. */
  readonly path: string;
  readonly roles: readonly string[];
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A text, or none. */
export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** The JSON object of a request. Throws 415 and 400. */
export function bodyOf(write: Write): JsonObject {
  if (!/^application\/json\b/i.test(write.headers['content-type'] ?? '')) {
    throw new Refusal(415, 'Request_BadRequest', 'The content type of the request is not supported: it must be application/json.');
  }
  let value: Json;
  try {
    value = reread<Json>(write.body);
  } catch {
    throw badRequest(
      'Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.',
      'BadRequest',
    );
  }
  if (!isObject(value)) throw badRequest('Empty Payload. JSON content expected.', 'BadRequest');
  return value;
}

const typeNames = {
  user: 'User',
  group: 'Group',
  device: 'Device',
  servicePrincipal: 'ServicePrincipal',
  application: 'Application',
  administrativeUnit: 'AdministrativeUnit',
  roleAssignment: 'RoleAssignment',
} as const;
export type WrittenType = keyof typeof typeNames;

export function missingValue(type: WrittenType, name: string): Refusal {
  return badRequest(`A value is required for property '${name}' of resource '${typeNames[type]}'.`);
}

export function invalidValue(type: WrittenType, name: string): Refusal {
  return badRequest(`Invalid value specified for property '${name}' of resource '${typeNames[type]}'.`);
}

/** 400, not 409: another object has this value. */
export function taken(name: string): Refusal {
  const message = `Another object with the same value for property ${name} already exists.`;
  return new Refusal(400, 'Request_BadRequest', message, {}, [{ code: 'ObjectConflict', message, target: name }]);
}

export function mastered(): Refusal {
  return badRequest(
    'Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.',
  );
}
