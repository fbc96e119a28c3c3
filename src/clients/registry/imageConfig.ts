// What an image's config says of it, with each step of its history joined to the layer that the step made.
// https://github.com/opencontainers/image-spec/blob/main/config.md
import { z } from 'zod';
import type { Descriptor } from './manifest.ts';
import { objectOf } from './manifest.ts';

/** A step of the image's making. A step that changed no file has no layer; a layer whose step is not known has no `created_by`. */
interface HistoryEntry {
  readonly created_by: string | null;
  /** Of the layer as it is stored, compressed. */
  readonly size: number | null;
  readonly digest: string | null;
}

export interface ImageConfig {
  readonly os: string | null;
  readonly architecture: string | null;
  readonly variant: string | null;
  readonly created: string | null;
  readonly history: readonly HistoryEntry[];
}

const text = z
  .string()
  .nullish()
  .catch(null)
  .transform((value) => value ?? null);
const configSchema = z.object({
  os: text,
  architecture: text,
  variant: text,
  created: text,
  history: z
    .array(z.object({ created_by: text, empty_layer: z.boolean().nullish().catch(null) }))
    .nullish()
    .catch(null)
    .transform((history) => history ?? []),
});

/** @throws SOURCE_SHAPE_CHANGED for what is no JSON object. */
export function parseConfig(name: string, config: string, layers: readonly Descriptor[]): ImageConfig {
  const { history, ...facts } = configSchema.parse(objectOf(name, config));
  return { ...facts, history: joinHistory(history, layers) };
}

/** The k-th step that made a layer made the k-th layer. Where the counts differ nobody knows which: the layers stand alone. */
function joinHistory(
  history: readonly { readonly created_by: string | null; readonly empty_layer?: boolean | null | undefined }[],
  layers: readonly Descriptor[],
): HistoryEntry[] {
  const made = history.filter((step) => step.empty_layer !== true);
  if (made.length !== layers.length) return layers.map(({ size, digest }) => ({ created_by: null, size, digest }));
  let next = 0;
  return history.map((step) => {
    const layer = step.empty_layer === true ? undefined : layers[next++];
    return { created_by: step.created_by, size: layer?.size ?? null, digest: layer?.digest ?? null };
  });
}
