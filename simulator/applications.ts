// The app registration as the directory shows it: its client secrets by hint and end, never their values.
// Source: learn.microsoft.com/graph/api/application-get and …/resources/passwordcredential
import { notFound } from './answer.ts';
import type { Answer } from './answer.ts';
import type { Cloud } from './cloud.ts';
import { allow } from './query.ts';
import type { Query } from './query.ts';

/** A client secret of the app registration. */
export interface Password {
  readonly secret: string;
  /** ISO-8601. */
  readonly endDateTime: string;
  /** Secrets made before hints were kept have none. @default true */
  readonly hinted?: boolean;
}

/** `applications(appId='…')` */
export function application(cloud: Cloud, appId: string, query: Query): Answer {
  const select = query.get('$select')?.split(',') ?? [];
  allow(query, ['$select']);
  if (appId.toLowerCase() !== cloud.clientId) throw notFound(appId);
  const all = {
    id: cloud.tenantId,
    appId: cloud.clientId,
    displayName: 'Simulated app',
    passwordCredentials: cloud.settings.passwords.map(shown),
  };
  const body = Object.fromEntries(Object.entries(all).filter(([name]) => select.length === 0 || select.includes(name)));
  return { status: 200, headers: {}, body };
}

function shown({ secret, endDateTime, hinted = true }: Password, index: number) {
  return {
    customKeyIdentifier: null,
    displayName: `secret ${index + 1}`,
    endDateTime,
    hint: hinted ? secret.slice(0, 3) : null,
    keyId: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    secretText: null,
    startDateTime: '2026-01-01T00:00:00Z',
  };
}
