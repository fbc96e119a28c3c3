// The check `permissions`: what the token holds against what the streams need. Pure, and nothing is asked.
import type { StreamDefinition } from '../connectors/definition.ts';
import { connectorNamed } from '../connectors/index.ts';
import { leastPermissions, optionalPermissions, pulledStreams } from '../connectors/select.ts';
import type { ConnectionSpec } from '../connectors/spec.ts';
import { forOrders, writesOrders } from './orders.ts';
import type { Found } from './report.ts';
import { say } from './words.ts';

/** The streams of the active profiles, each once; of all profiles where none is active yet. @throws CONFIG_INVALID */
export function testedStreams(spec: ConnectionSpec): StreamDefinition[] {
  const active = spec.profiles.filter(({ status }) => status === 'active');
  const found = (active.length > 0 ? active : spec.profiles).flatMap(({ name }) => pulledStreams(spec, name));
  return [...new Set(found.map(({ definition }) => definition))];
}

/**
 * Any alternative of a stream suffices. An optional stream counts only where a profile names it (decision 23). Excess is all that no stream of the
 * connector has as its least permission, or shows more by: a wider alternative passes, and is shown.
 */
export function judgePermissions(spec: ConnectionSpec, roles: readonly string[]): Found {
  // Roles on subscriptions are no part of a token: whether they are there, the data says.
  if (connectorNamed(spec.connector).queries !== undefined) return { missing: [], excess: [] };
  const held = new Set(roles);
  const lacking = testedStreams(spec).filter(({ permissions }) => !permissions.some((permission) => held.has(permission)));
  const missing = leastPermissions(lacking);
  const { streams } = connectorNamed(spec.connector);
  const least = new Set([...leastPermissions(streams), ...optionalPermissions(streams)]);
  const writes = writesOrders(spec);
  const excess = roles.filter((role) => !least.has(role) && !(writes && forOrders.has(role))).toSorted();
  const facts = { missing: missing.join(', ') };
  const failed = missing.length === 0 ? null : say(roles.length === 0 ? 'noConsent' : 'missing', facts);
  return { failed, missing, excess };
}
