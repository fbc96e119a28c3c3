// What a set says of itself, beside its files: for consumers that check what they read, and for us when an attempt is taken up.
import { z } from 'zod';

const counted = z.int().nonnegative();

const manifest = z.object({
  connection: z.string(),
  name: z.string(),
  run: z.int(),
  set: z.enum(['complete', 'incremental']),
  /** Why it is complete, or `changes`. */
  reason: z.string(),
  /** The run of the set that an incremental one goes on from; null for a complete one. */
  since: z.int().nullable(),
  attributes: z.array(z.string()),
  files: z.array(
    z.object({
      file: z.string(),
      rows: counted,
      commands: z.object({ insert: counted, update: counted, delete: counted }),
      sizeBytes: counted,
      sha256: z.string(),
    }),
  ),
  /** SHA-256 of the cookie files, by entity. */
  cookies: z.record(z.string(), z.string()),
});

export type Manifest = z.output<typeof manifest>;

export const manifestText = (of: Manifest): string => `${JSON.stringify(of, null, 2)}\n`;

/** null: it is none. */
export function readManifest(text: string | null): Manifest | null {
  try {
    return manifest.parse(JSON.parse(text ?? ''));
  } catch {
    return null;
  }
}
