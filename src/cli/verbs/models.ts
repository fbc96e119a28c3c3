// tidemark models list|show: the data models that transform maps read and fill. From data alone; asks no server.
import { connectors } from '../../connectors/index.ts';
import { sourceFieldsOf } from '../../connectors/models/fields.ts';
import { sourceModels, targetModels } from '../../connectors/models/index.ts';
import type { SourceModel, TargetModel } from '../../connectors/models/model.ts';
import { suggestion } from '../../connectors/suggest.ts';
import { TidemarkError } from '../../errors.ts';
import type { Context } from '../context.ts';
import type { Column } from '../output.ts';

interface ModelView {
  readonly name: string;
  readonly title: string;
  readonly side: 'source' | 'target';
  /** CONNECTOR/STREAM that it is the model of. */
  readonly streams: readonly string[];
  readonly docs: string | null;
  readonly fields: readonly FieldView[];
}

interface FieldView {
  readonly field: string;
  readonly type: string;
}

const columns: readonly Column<ModelView>[] = [
  { title: 'name', value: ({ name }) => name },
  { title: 'title', value: ({ title }) => title },
  { title: 'side', value: ({ side }) => side },
  { title: 'streams', value: ({ streams }) => streams.join(', ') },
  { title: 'fields', value: ({ fields }) => fields.length, align: 'right' },
];

const fieldColumns: readonly Column<FieldView>[] = [
  { title: 'field', value: ({ field }) => field },
  { title: 'type', value: ({ type }) => type },
];

export async function modelsList({ output }: Context): Promise<void> {
  await output.rows(views(), { columns });
}

/** @throws CONFIG_INVALID naming those that exist. */
export async function modelsShow({ output }: Context, name: string): Promise<void> {
  const all = views();
  const view = all.find((candidate) => candidate.name === name);
  if (view === undefined) {
    const names = all.map((candidate) => candidate.name);
    throw new TidemarkError('CONFIG_INVALID', `There is no data model "${name}"${suggestion(name, names)}.`, {
      hint: `Models: ${names.join(', ')}.`,
    });
  }
  const head = [
    `${view.name} (${view.title}, ${view.side} model)`,
    ...(view.streams.length === 0 ? [] : [`  streams ${view.streams.join(', ')}`]),
  ];
  const text = async (): Promise<string> =>
    [...head, ...(view.docs === null ? [] : [`  docs    ${view.docs}`]), '', await output.table(view.fields, fieldColumns)].join('\n');
  await output.one(view, { text, rows: view.fields, columns: fieldColumns });
}

const views = (): ModelView[] => [...sourceModels().map(sourceView), ...targetModels.map(targetView)];

/** With the relations that any of its streams has: what a map of the stream may read. */
function sourceView(model: SourceModel): ModelView {
  const of = connectors.flatMap((connector) =>
    connector.streams.filter((stream) => stream.model === model).map((stream) => ({ connector, stream })),
  );
  const fields = Object.fromEntries(of.flatMap(({ connector, stream }) => Object.entries(sourceFieldsOf(connector, stream))));
  const streams = of.map(({ connector, stream }) => `${connector.name}/${stream.name}`);
  return { name: model.name, title: model.title, side: 'source', streams, docs: model.docs, fields: rowsOf(fields) };
}

const targetView = ({ name, title, fields }: TargetModel): ModelView => ({
  name,
  title,
  side: 'target',
  streams: [],
  docs: null,
  fields: rowsOf(fields),
});

const rowsOf = (fields: SourceModel['fields']): FieldView[] => Object.entries(fields).map(([field, type]) => ({ field, type }));
