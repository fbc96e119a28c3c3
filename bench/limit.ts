// The limit that a full pull is measured by: the same pages fetched one after another, parsed, and copied raw into the same PostgreSQL.
import pg from 'pg';
import type { SeenRequest } from '../simulator/server.ts';
import { createHttp } from '../src/clients/http.ts';
import { createTokenProvider } from '../src/clients/token.ts';
import { copyInto } from './support/copy.ts';
import type { Installation } from './support/installation.ts';

/** How long it takes, in milliseconds, for the pages that a pull asked for, in its order. Leaves nothing in the database. */
export async function measureLimit({ source, databaseUrl }: Installation, requests: readonly SeenRequest[]): Promise<number> {
  const links = requests.filter(({ method, path }) => method === 'GET' && path.startsWith('/v1.0/'));
  const { origin: login, tenantId, clientId, clientSecret, caPem } = source;
  const http = createHttp({ ca: caPem });
  const client = new pg.Client({ connectionString: databaseUrl });
  try {
    await client.connect();
    await client.query('create table raw (body text not null)');
    const startedAt = performance.now();
    const credential = { kind: 'secret', secret: clientSecret } as const;
    const tokens = createTokenProvider({ login, tenantId, clientId, credential, scope: `${login}/.default`, http });
    const { signal } = new AbortController();
    const headers = { authorization: `Bearer ${await tokens.token(signal)}` };
    const copy = await copyInto(client, 'raw');
    for (const { path, query } of links) {
      const answer = await http.send({ method: 'GET', url: new URL(`${login}${path}?${query}`), headers, signal });
      if (answer.status !== 200) throw new Error(`The page ${path} cannot be fetched again: ${answer.status}.`);
      JSON.parse(answer.text);
      copy.write(answer.text);
    }
    await copy.end();
    return performance.now() - startedAt;
  } finally {
    await client.query('drop table if exists raw');
    await client.end();
    await http.close();
  }
}
