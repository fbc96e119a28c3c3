// CISA's catalog of known exploited vulnerabilities, as its JSON file has it: https://www.cisa.gov/known-exploited-vulnerabilities-catalog
import { z } from 'zod';
import { type ListBytes, readListFile, unusable } from './listFile.ts';

export const kevFix = 'Give TIDEMARK_KEV_FILE the JSON file of CISA’s catalog (known_exploited_vulnerabilities.json), or unset it.';

const catalog = z.object({
  vulnerabilities: z
    .array(z.object({ cveID: z.string().regex(/^CVE-\d{4}-\d{4,}$/i), dateAdded: z.string().regex(/^\d{4}-\d{2}-\d{2}$/) }))
    .max(100_000),
});

/** Since when each is known to be exploited. @throws CONFIG_INVALID naming the file and the place, never what stands there. */
export async function readKev(file: string): Promise<{ readonly sha256: string; readonly entries: ReadonlyMap<string, string> }> {
  const { sha256, pieces } = await readListFile(file, kevFix);
  const parsed = catalog.safeParse(jsonOf(await textOf(pieces), file));
  if (!parsed.success) throw unusable(file, `is no catalog (at ${parsed.error.issues[0]?.path.join('.') || 'its top'})`, kevFix);
  return { sha256, entries: new Map(parsed.data.vulnerabilities.map(({ cveID, dateAdded }) => [cveID.toUpperCase(), dateAdded])) };
}

async function textOf(pieces: ListBytes['pieces']): Promise<string> {
  const all: string[] = [];
  for await (const piece of pieces) all.push(piece);
  return all.join('');
}

function jsonOf(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message has a piece of the text.
    throw unusable(file, 'is no JSON', kevFix);
  }
}
