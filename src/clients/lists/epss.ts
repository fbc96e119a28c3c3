// FIRST's scores of how likely a CVE is exploited within 30 days, as its CSV file has them, plain or packed: https://www.first.org/epss/data_stats
import { z } from 'zod';
import { type ListBytes, readListFile, unusable } from './listFile.ts';

export const epssFix = 'Give TIDEMARK_EPSS_FILE the CSV file of FIRST’s scores (epss_scores-DATE.csv or .csv.gz), or unset it.';

/** All CVEs there are come to 400,000; a line has 30 characters. */
const mostLines = 2_000_000;
const longestLine = 1_000;

const row = z.tuple([
  z.string().regex(/^CVE-\d{4}-\d{4,}$/i),
  z
    .string()
    .regex(/^[\d.eE+-]+$/)
    .transform(Number)
    .pipe(z.number().min(0).max(1)),
]);

/** Comments, then the names of the columns, then a row for each CVE. @throws CONFIG_INVALID naming file and line, never what stands there. */
export async function readEpss(file: string): Promise<{ readonly sha256: string; readonly entries: ReadonlyMap<string, number> }> {
  const { sha256, pieces } = await readListFile(file, epssFix);
  const entries = new Map<string, number>();
  let columns: { readonly cve: number; readonly epss: number } | null = null;
  let number = 0;
  for await (const line of linesOf(pieces)) {
    number += 1;
    if (number > mostLines || line.length > longestLine)
      throw unusable(file, `has too many lines, or a long one (line ${number})`, epssFix);
    if (line === '' || line.startsWith('#')) continue;
    const cells = line.split(',');
    if (columns === null) {
      columns = { cve: cells.indexOf('cve'), epss: cells.indexOf('epss') };
      if (columns.cve === -1 || columns.epss === -1) throw unusable(file, 'does not name the columns cve and epss', epssFix);
      continue;
    }
    const parsed = row.safeParse([cells[columns.cve], cells[columns.epss]]);
    if (!parsed.success) throw unusable(file, `has no CVE with a probability in line ${number}`, epssFix);
    entries.set(parsed.data[0].toUpperCase(), parsed.data[1]);
  }
  if (columns === null) throw unusable(file, 'is empty', epssFix);
  return { sha256, entries };
}

async function* linesOf(pieces: ListBytes['pieces']): AsyncGenerator<string> {
  let rest = '';
  for await (const piece of pieces) {
    const lines = (rest + piece).split(/\r?\n/);
    rest = lines.pop() ?? '';
    yield* lines;
    // One without an end: whoever reads refuses it.
    if (rest.length > longestLine) break;
  }
  yield rest;
}
