// The limit that a run over an estate is measured by: the same rows and images read one after another, parsed, and copied raw into the same PostgreSQL.
import pg from 'pg';
import { z } from 'zod';
import type { SeenRequest } from '../simulator/server.ts';
import { createHttp, type Http } from '../src/clients/http.ts';
import { createRegistry, type Registry } from '../src/clients/registry/registry.ts';
import { textOf } from '../src/clients/resourceGraph/kql.ts';
import { resourcesUrl } from '../src/clients/resourceGraph/position.ts';
import { createTokenProvider, type TokenProvider } from '../src/clients/token.ts';
import { connectorNamed } from '../src/connectors/index.ts';
import type { JoinDefinition, QueryDefinition } from '../src/connectors/queryDefinition.ts';
import type { JsonObject } from '../src/model.ts';
import { copyInto, type TextCopy } from './support/copy.ts';
import type { Installation } from './support/installation.ts';

const connector = 'defender-for-cloud';
const registryScope = 'https://containerregistry.azure.net/.default';
const longestWaitMs = 60_000;
const { signal } = new AbortController();

export interface RawFigures {
  /** Of Resource Graph, and of the registries, in milliseconds. */
  readonly rowsMs: number;
  readonly imagesMs: number;
  readonly rows: number;
  readonly images: number;
}

/** The same queries, joins included, and the images that a run asked for. Leaves nothing in the database. */
export async function measureRaw({ source, databaseUrl }: Installation, requests: readonly SeenRequest[]): Promise<RawFigures> {
  const { origin: login, managementOrigin, tenantId, clientId, clientSecret, caPem } = source;
  const http = createHttp({ ca: caPem });
  const credential = { kind: 'secret', secret: clientSecret } as const;
  const tokenFor = (scope: string): TokenProvider => createTokenProvider({ login, tenantId, clientId, credential, scope, http });
  const client = new pg.Client({ connectionString: databaseUrl });
  try {
    await client.connect();
    await client.query('create table raw (body text not null)');
    const startedAt = performance.now();
    const copy = await copyInto(client, 'raw');
    const asker = {
      http,
      copy,
      url: resourcesUrl(new URL(managementOrigin)),
      token: await tokenFor(`${managementOrigin}/.default`).token(signal),
    };
    let rows = 0;
    for (const query of queriesThere()) rows += await readQuery(asker, query);
    const rowsMs = performance.now() - startedAt;
    const token = tokenFor(registryScope);
    const images = imagesAsked(requests);
    const registries = new Map<string, Registry>();
    for (const image of images) {
      const { host } = image;
      const registry = registries.get(host) ?? createRegistry({ host, http, credential: { kind: 'entra', token, tenantId } });
      registries.set(host, registry);
      copy.write(JSON.stringify(await registry.image(image, { signal, longestWaitMs })));
    }
    await copy.end();
    return { rowsMs, imagesMs: performance.now() - startedAt - rowsMs, rows, images: images.length };
  } finally {
    await client.query('drop table if exists raw');
    await client.end();
    await http.close();
  }
}

/** Of every collection that Resource Graph answers. */
function queriesThere(): QueryDefinition[] {
  const { queries, streams } = connectorNamed(connector);
  const all = queries?.({}, null) ?? {};
  const paths = streams.flatMap(({ walk }) => (walk.shape === 'collections' ? walk.collections.map(({ path }) => path) : []));
  return paths.flatMap((path) => all[path] ?? []);
}

interface Asker {
  readonly http: Http;
  readonly copy: TextCopy;
  readonly url: URL;
  readonly token: string;
}

const answerSchema = z.object({ data: z.array(z.custom<JsonObject>()), $skipToken: z.string().optional() });

/** All pages, each with its joins; answers how many rows they were. */
async function readQuery(asker: Asker, query: QueryDefinition): Promise<number> {
  let read = 0;
  let $skipToken: string | undefined;
  do {
    const page = await ask(asker, textOf(query), query.top, $skipToken);
    const joined: Record<string, readonly JsonObject[]> = { rows: page.data };
    for (const join of query.joins) joined[join.name] = await readJoin(asker, join, joined[join.of] ?? []);
    read += Object.values(joined).reduce((sum, rows) => sum + rows.length, 0);
    ({ $skipToken } = page);
  } while ($skipToken !== undefined);
  return read;
}

async function readJoin(asker: Asker, join: JoinDefinition, of: readonly JsonObject[]): Promise<readonly JsonObject[]> {
  const ids = [...new Set(of.flatMap((row) => join.ids(row).map((id) => id.toLowerCase())))];
  const found: JsonObject[] = [];
  for (let from = 0; from < ids.length; from += join.atOnce)
    found.push(...(await ask(asker, textOf(join, ids.slice(from, from + join.atOnce)), join.atOnce)).data);
  return found;
}

async function ask(
  { http, copy, url, token }: Asker,
  query: string,
  top: number,
  $skipToken?: string,
): Promise<z.output<typeof answerSchema>> {
  const options = { resultFormat: 'objectArray', $top: top, ...($skipToken === undefined ? {} : { $skipToken }) };
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const answer = await http.send({ method: 'POST', url, headers, body: JSON.stringify({ query, options }), signal });
  if (answer.status !== 200) throw new Error(`A page cannot be read raw: ${answer.status}.`);
  copy.write(answer.text);
  return answerSchema.parse(JSON.parse(answer.text));
}

interface Image {
  readonly host: string;
  readonly repository: string;
  readonly reference: string;
}

/** By the manifests that were answered. */
function imagesAsked(requests: readonly SeenRequest[]): Image[] {
  return requests.flatMap(({ phase, status, path, host = '' }) => {
    const [, repository, reference] = /^\/v2\/(.+)\/manifests\/([^/]+)$/.exec(path) ?? [];
    return phase === 'manifest' && status === 200 && repository !== undefined && reference !== undefined
      ? [{ host, repository, reference }]
      : [];
  });
}
