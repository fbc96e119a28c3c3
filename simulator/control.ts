// Drives a simulator in another process through its control endpoint.
import { request } from 'node:https';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import type { IncomingMessage } from 'node:http';
import type { JsonObject } from '../src/model.ts';
import type { Settings } from './cloud.ts';
import type { FaultRule } from './faults.ts';
import { reread } from './json.ts';
import type { Mutation } from './mutations.ts';
import type { EstateMutation } from './resourceGraph/estate.ts';
import type { EstateTruth } from './resourceGraph/truth.ts';
import type { SeenRequest } from './server.ts';
import type { TruthName } from './truth.ts';

/** The same verbs as a simulator in this process, answered later. */
export interface SimulatorControl {
  mutate(changes: number | readonly Mutation[]): Promise<Mutation[]>;
  mutateDevices(changes: number): Promise<Mutation[]>;
  mutateEstate(changes: readonly EstateMutation[]): Promise<void>;
  truth(name: TruthName | EstateTruth, select?: readonly string[]): AsyncGenerator<JsonObject>;
  isPassword(id: string, password: string): Promise<boolean>;
  addFaults(rules: readonly FaultRule[]): Promise<void>;
  clearFaults(): Promise<void>;
  requests(): Promise<readonly SeenRequest[]>;
  resetRequests(): Promise<void>;
  configure(settings: Partial<Settings>): Promise<void>;
  advance(ms: number): Promise<void>;
}

/** `origin` as the simulator printed it, `ca` its authority in PEM. Each verb rejects with the simulator's reason. */
export function controlSimulator(origin: string, ca: string): SimulatorControl {
  const open = (method: string, path: string, body?: unknown): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const asked = request(`${origin}/_simulator/${path}`, { method, ca, agent: false }, resolve);
      asked.once('error', reject);
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
  const call = async <T>(method: string, path: string, sent?: unknown): Promise<T> => {
    const response = await open(method, path, sent);
    const body = await text(response);
    if (response.statusCode !== 200) throw new Error(`The simulator refused ${method} ${path}: ${reread<{ error: string }>(body).error}`);
    return reread<T>(body);
  };
  return {
    mutate: (changes) => call('POST', 'mutate', changes),
    async *truth(name, select) {
      const response = await open('GET', `truth/${name}${select === undefined ? '' : `?select=${select.join(',')}`}`);
      if (response.statusCode !== 200) throw new Error(`The simulator has no truth called ${name}.`);
      for await (const line of createInterface({ input: response })) yield reread<JsonObject>(line);
    },
    mutateDevices: (changes) => call('POST', 'mutateDevices', changes),
    mutateEstate: (changes) => call('POST', 'mutateEstate', changes),
    isPassword: (id, password) => call('POST', 'password', { id, password }),
    addFaults: (rules) => call('POST', 'faults', rules),
    clearFaults: () => call('DELETE', 'faults'),
    requests: () => call('GET', 'requests'),
    resetRequests: () => call('DELETE', 'requests'),
    configure: (settings) => call('POST', 'settings', settings),
    advance: (ms) => call('POST', 'clock', ms),
  };
}
