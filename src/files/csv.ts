// Rows as the text of CSV that machines read: nothing is escaped for spreadsheets.
import { stringify } from 'csv-stringify/sync';

/**
 * A cell that holds a line break, or begins or ends with a blank, is quoted: the library leaves a lone CR or LF unquoted beside other records' ends, and
 * readers would split there.
 */
export function csvText(
  rows: readonly (readonly string[])[],
  { delimiter, recordEnd }: { readonly delimiter: string; readonly recordEnd: '\n' | '\r\n' },
): string {
  return stringify(
    rows.map((row) => [...row]),
    { delimiter, record_delimiter: recordEnd, quoted_match: /[\r\n]|^\s|\s$/ },
  );
}
