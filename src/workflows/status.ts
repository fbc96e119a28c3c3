// How what the entity holds becomes what is shown and saved. Pure: the time is given.
import type { SavedState } from '../activities/types.ts';
import type { Entity } from './entity.ts';
import type { ConnectionStatus, ProfileState } from './messages.ts';
import { shown, worstOf } from './state.ts';

/** Notes since when the connection has been in the state that it shows. */
export function refreshState(entity: Entity, now: string): void {
  const active = entity.profiles.filter(({ status, standing }) => status === 'active' || standing.running);
  const state = worstOf((active.length > 0 ? active : entity.profiles).map(({ standing }) => shown(standing)));
  if (state === entity.state) return;
  entity.state = state;
  entity.since = now;
}

export function statusOf(entity: Entity, now: string): ConnectionStatus {
  const { state, since, connector, current, held, lastError, history } = entity;
  return {
    state,
    since,
    connector,
    profiles: entity.profiles.map((profile) => profileState(profile, now)),
    current: current === null ? null : { run: current.run, profile: current.profile, since: current.since },
    held: held === null || held.count === 0 ? null : held,
    lastError,
    history,
  };
}

function profileState(profile: Entity['profiles'][number], now: string): ProfileState {
  const { name, status, standing, lastRun, lastFull, upcoming, nextRunReason } = profile;
  const nextRun = status === 'active' ? (upcoming.find((time) => time > now) ?? null) : null;
  const reason = status === 'active' && nextRun === null ? (nextRunReason ?? null) : null;
  return { name, status, state: shown(standing), lastRun, lastFull, nextRun, nextRunReason: reason };
}

export function savedStateOf(entity: Entity, now: string): SavedState {
  const { history: _, ...status } = statusOf(entity, now);
  const settled = Object.fromEntries(entity.profiles.map(({ name, standing }) => [name, standing.settled]));
  return { ...status, paused: entity.paused, settled };
}
