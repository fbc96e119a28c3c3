// What else than its source a collection is read by: images that findings name, those of catalogs, and resources that only findings name. As pages of a walk.
import { z } from 'zod';
import type { Registries } from '../clients/registry/registries.ts';
import type { FetchOptions, SourcePage } from '../clients/source.ts';
import type { Reader } from '../connectors/definition.ts';
import { connectorNamed } from '../connectors/index.ts';
import type { Database } from '../store/database.ts';
import { type NamedAsset, namedAssets } from '../store/finding.ts';
import { catalogPage } from './catalog.ts';
import { flawStream, imagesOf } from './images.ts';
import type { StreamTarget } from './page.ts';

export interface ReaderDependencies {
  readonly database: Database;
  readonly registries: Registries | null;
}

export interface ReaderTarget {
  readonly run: number;
  readonly target: StreamTarget;
}

/** Answers the page at the link, which is '' at the beginning. May be asked again for the same link. */
type Read = (dependencies: ReaderDependencies, of: ReaderTarget, link: string, options: FetchOptions) => Promise<SourcePage>;

const resourcesAtOnce = 1_000;
const imageClass = 'container-image';
/** Each may cost a registry two requests. */
const imagesAtOnce = 100;

/** Resources that only findings name: each becomes an asset with what its findings say of it (decision 51). */
const resources: Read = async ({ database }, { target: { connection, connector, definition } }, link) => {
  const of = definition.class ?? '';
  const others = connectorNamed(connector).streams.filter((other) => other.class === of && other.name !== definition.name);
  const named = await namedAssets(database, {
    connection,
    of,
    after: placeAt(link),
    knownTo: others.map(({ name }) => name),
    limit: resourcesAtOnce,
  });
  const objects = named.flatMap(({ id, body }) => (body === null ? [] : [{ ...body, id }]));
  return { objects, next: nextOf(of, named, resourcesAtOnce), cursor: null, requests: 0, bytes: 0, throttledMs: 0 };
};

/** Images that findings name, with what their registries say of them. */
const images: Read = async (dependencies, of, link, options) => {
  const { connection } = of.target;
  const asked = { connection, after: placeAt(link), of: imageClass, knownTo: [], toldBy: flawStream, limit: imagesAtOnce };
  const named = await namedAssets(dependencies.database, asked);
  const read = await imagesOf(dependencies, of, named, options);
  return { ...read, next: nextOf(imageClass, named, imagesAtOnce), cursor: null };
};

export const readers: Readonly<Record<Reader, Read>> = { resources, images, catalog: catalogPage };

function nextOf(of: string, named: readonly NamedAsset[], limit: number): string | null {
  const last = named.at(-1);
  return last === undefined || named.length < limit ? null : JSON.stringify([of, last.id]);
}

const place = z.tuple([z.string(), z.string()]);

/** The id to go on after. */
const placeAt = (link: string): string => (link === '' ? '' : place.parse(JSON.parse(link))[1]);
