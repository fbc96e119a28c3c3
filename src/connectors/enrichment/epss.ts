// FIRST's Exploit Prediction Scoring System, as its daily CSV file has it, unpacked: https://www.first.org/epss/data_stats
// Read from a file that people put there; nothing is downloaded.
import { TidemarkError } from '../../errors.ts';

const mostLines = 2_000_000;
const header = /^cve,epss(,percentile)?$/;
const line = /^(CVE-\d{4}-\d{4,19}),(\d(?:\.\d{1,20})?(?:e-\d{1,3})?)(,[^,]{1,30})?$/i;

/** The probability from 0 to 1, by CVE in upper case. @throws CONFIG_INVALID naming the line, never what it holds */
export function readEpss(text: string): Map<string, number> {
  const found = new Map<string, number>();
  let isBelowHeader = false;
  let number = 0;
  for (const written of linesOf(text)) {
    number += 1;
    if (number > mostLines) throw invalid(`it has more than ${mostLines} lines`);
    // The first line tells the model and the day.
    if (written === '' || written.startsWith('#')) continue;
    if (!isBelowHeader) {
      if (!header.test(written)) throw invalid(`line ${number} is not "cve,epss,percentile"`);
      isBelowHeader = true;
      continue;
    }
    const [, cve, probability] = line.exec(written) ?? [];
    const value = Number(probability ?? 'none');
    if (cve === undefined || !(value >= 0 && value <= 1)) throw invalid(`line ${number} is no CVE with a probability from 0 to 1`);
    found.set(cve.toUpperCase(), value);
  }
  if (!isBelowHeader) throw invalid('it has no line "cve,epss,percentile"');
  return found;
}

/** One at a time: the whole list has some 300,000. */
function* linesOf(text: string): Generator<string> {
  let from = text.startsWith('\uFEFF') ? 1 : 0;
  while (from < text.length) {
    const end = text.indexOf('\n', from);
    const to = end === -1 ? text.length : end;
    yield text.slice(from, text[to - 1] === '\r' ? to - 1 : to);
    from = to + 1;
  }
}

function invalid(why: string): TidemarkError {
  return new TidemarkError('CONFIG_INVALID', `The EPSS list cannot be read: ${why}.`, {
    hint: 'Give the CSV file of FIRST as it is, unpacked: "cve,epss,percentile" and a line for each CVE.',
  });
}
