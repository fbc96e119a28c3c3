// CISA's catalog of known exploited vulnerabilities, as its JSON file has it: https://www.cisa.gov/known-exploited-vulnerabilities-catalog
// Read from a file that people put there; nothing is downloaded.
import { z } from 'zod';
import { TidemarkError } from '../../errors.ts';

const mostEntries = 100_000;

const catalog = z.looseObject({
  vulnerabilities: z
    .array(z.looseObject({ cveID: z.string().regex(/^CVE-\d{4}-\d{4,19}$/i), dateAdded: z.iso.date() }))
    .max(mostEntries, `has more than ${mostEntries} entries`),
});

/** Since when each CVE is in the catalog, by CVE in upper case. @throws CONFIG_INVALID naming the place, never a value */
export function readKev(text: string): Map<string, string> {
  const parsed = catalog.safeParse(jsonOf(text), { reportInput: false });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalid(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  }
  return new Map(parsed.data.vulnerabilities.map(({ cveID, dateAdded }) => [cveID.toUpperCase(), dateAdded]));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    throw invalid('it is no valid JSON');
  }
}

function invalid(why: string): TidemarkError {
  return new TidemarkError('CONFIG_INVALID', `The list of known exploited vulnerabilities cannot be read: ${why}.`, {
    hint: 'Give the JSON file of the CISA catalog as it is: an object with "vulnerabilities", each with "cveID" and "dateAdded".',
  });
}
