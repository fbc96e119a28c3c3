// The control endpoint `/_simulator/…`: what tests in other processes use to change the tenant, arm faults and read what was seen.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Settings } from './cloud.ts';
import type { FaultRule } from './faults.ts';
import { reread } from './json.ts';
import type { Mutation } from './mutations.ts';
import type { EstateMutation } from './resourceGraph/estate.ts';
import { estateTruths } from './resourceGraph/truth.ts';
import type { Simulator } from './simulator.ts';
import { truths } from './truth.ts';

/** Answers one control request. A malformed one is 400 with the reason. */
export async function operate(simulator: Simulator, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', simulator.origin);
  try {
    const body = await text(request);
    const command = `${request.method ?? ''} ${url.pathname.slice('/_simulator/'.length)}`;
    if (command.startsWith('GET truth/')) return await writeTruth(simulator, url, response);
    const answer = execute(simulator, command, body);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer));
  } catch (error) {
    response.writeHead(400, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: error instanceof Error ? error.message : 'unknown' }));
  }
}

/** The body's shape is the caller's duty: only `controlSimulator` calls this. */
function execute(simulator: Simulator, command: string, body: string): unknown {
  switch (command) {
    case 'POST mutate':
      return simulator.mutate(reread<number | Mutation[]>(body));
    case 'POST mutateDevices':
      return simulator.mutateDevices(reread<number>(body));
    case 'POST mutateEstate':
      simulator.mutateEstate(reread<EstateMutation[]>(body));
      return null;
    case 'POST password': {
      const { id, password } = reread<{ id: string; password: string }>(body);
      return simulator.isPassword(id, password);
    }
    case 'POST faults':
      simulator.addFaults(reread<FaultRule[]>(body));
      return null;
    case 'DELETE faults':
      simulator.clearFaults();
      return null;
    case 'GET requests':
      return simulator.requests();
    case 'DELETE requests':
      simulator.resetRequests();
      return null;
    case 'POST settings':
      simulator.configure(reread<Partial<Settings>>(body));
      return null;
    case 'POST clock':
      simulator.advance(reread<number>(body));
      return null;
    default:
      throw new Error(`There is no command ${command}.`);
  }
}

async function writeTruth(simulator: Simulator, url: URL, response: ServerResponse): Promise<void> {
  const name = [...truths, ...estateTruths].find((known) => url.pathname === `/_simulator/truth/${known}`);
  if (name === undefined) throw new Error(`There is no truth at ${url.pathname}.`);
  const select = url.searchParams.get('select');
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  for (const object of simulator.truth(name, select === null ? undefined : select.split(','))) {
    if (!response.write(`${JSON.stringify(object)}\n`)) await new Promise((resolve) => response.once('drain', resolve));
    if (response.destroyed) return;
  }
  response.end();
}
