// What else than its source a collection is read by: images that findings name, and resources that only findings name. As pages of a walk.
import { z } from 'zod';
import type { FetchOptions, Source, SourcePage } from '../clients/source.ts';
import type { Reader } from '../connectors/definition.ts';
import { connectorNamed } from '../connectors/index.ts';
import type { Database } from '../store/database.ts';
import { type AssetPlace, namedAssets } from '../store/finding.ts';
import type { StreamTarget } from './page.ts';

interface ReaderDependencies {
  readonly database: Database;
  readonly source: Source;
}

/** Answers the page at the link, which is '' at the beginning. May be asked again for the same link. */
type Read = (dependencies: ReaderDependencies, target: StreamTarget, link: string, options: FetchOptions) => Promise<SourcePage>;

const assetsAtOnce = 1_000;

/** Resources that only findings name: each becomes an asset with what its findings say of it (decision 51). */
const resources: Read = async ({ database }, { connection, connector, definition }, link) => {
  const knownTo = connectorNamed(connector).streams.filter(({ class: of, name }) => of !== null && name !== definition.name);
  const found = await namedAssets(database, {
    connection,
    after: placeAt(link),
    of: null,
    knownTo: knownTo.map(({ name }) => name),
    limit: assetsAtOnce,
  });
  const last = found.at(-1);
  return {
    // The asset's id is unique among all classes: it holds its provider and type.
    objects: found.flatMap(({ id, body }) => (body === null ? [] : [{ ...body, id }])),
    next: last === undefined || found.length < assetsAtOnce ? null : linkTo(last),
    cursor: null,
    requests: 0,
    bytes: 0,
    throttledMs: 0,
  };
};

const place = z.tuple([z.string(), z.string()]);
const linkTo = ({ class: of, id }: AssetPlace): string => JSON.stringify([of, id]);

function placeAt(link: string): AssetPlace {
  const [of, id] = link === '' ? ['', ''] : place.parse(JSON.parse(link));
  return { class: of, id };
}

export const readers: Readonly<Record<Reader, Read>> = { resources, images: resources };
