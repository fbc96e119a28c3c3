// A transform map as people read and edit it: one YAML document, the rows in their order, each with the data type of what it reads.
import { Document, isNode, isSeq } from 'yaml';
import type { MapRow, TransformMap } from '../mappings/map.ts';
import { inputOf } from './functionInput.ts';
import { connectorNamed, streamNamed } from './index.ts';
import type { RowInput } from './mapInput.ts';
import { sourceFieldsOf, typeAt } from './models/fields.ts';
import { targetModelOf } from './models/index.ts';

/** Read again by `readMap`, it means the same. */
export function mapText(map: TransformMap): string {
  const connector = connectorNamed(map.connector);
  const stream = streamNamed(connector, map.stream);
  const fields = sourceFieldsOf(connector, stream);
  const document = new Document({
    kind: 'map',
    name: map.name,
    connector: map.connector,
    stream: map.stream,
    source: stream.model?.name,
    target: targetModelOf(map.class).name,
    rows: map.rows.map((row) => rowOf(row, typeAt(fields, row.from ?? '') ?? undefined)),
  });
  if (map.document !== undefined) document.commentBefore = ` The table of document ${map.document}, row by row.`;
  const rows = document.get('rows');
  // What follows the document's rows is no part of its table.
  const first = map.rows.findIndex(({ ours }) => ours === true);
  const ours = isSeq(rows) ? rows.items[first] : undefined;
  if (isNode(ours)) ours.commentBefore = ' Not of the document: off until off is taken away.';
  return document.toString({ lineWidth: 0 });
}

function rowOf({ from, orFrom, to, fn, type: of, required, off }: MapRow, type: string | undefined): Partial<RowInput> {
  return {
    ...(from === null ? {} : { from }),
    ...(orFrom === undefined ? {} : { orFrom: typeof orFrom === 'string' ? orFrom : [...orFrom] }),
    ...(type === undefined ? {} : { type }),
    ...(of === undefined ? {} : { of }),
    to,
    ...(fn === undefined ? {} : { function: inputOf(fn) }),
    ...(required === undefined ? {} : { required }),
    ...(off === undefined ? {} : { off }),
  };
}
