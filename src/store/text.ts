// Text PostgreSQL cannot hold (U+0000, lone surrogates), written reversibly. MUST leave every other text as it is, byte for byte.

/** A noncharacter that no text interchanges; where it does occur it is escaped itself. */
const mark = '\uFDD0';
const unwritable = /[\0\uD800-\uDFFF\uFDD0]/gu;
const escaped = /\uFDD0([0-9a-f]{4})/g;
// A pair of backslashes is read as one, so that `\\u0000` (a backslash and four zeros) stays.
const unwritableInJson = /\\\\|\\u(0000|[dD][89a-fA-F][0-9a-fA-F]{2})|\uFDD0/g;

/** Any text as PostgreSQL can hold it. */
export function escapeText(text: string): string {
  return text.replace(unwritable, (unit) => mark + unit.charCodeAt(0).toString(16).padStart(4, '0'));
}

/** The text that was escaped. */
export function unescapeText(text: string): string {
  return text.includes(mark) ? text.replace(escaped, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))) : text;
}

/** Whether no text in this JSON would be escaped, neither here nor by JSON itself. */
export function isWritable(json: string): boolean {
  return !json.includes('\\') && !json.includes(mark);
}

/** JSON text as `jsonb` can hold it. */
export function escapeJson(json: string): string {
  if (!json.includes('\\u') && !json.includes(mark)) return json;
  return json.replace(unwritableInJson, (found, hex: string | undefined) => {
    if (hex !== undefined) return mark + hex.toLowerCase();
    return found === mark ? `${mark}fdd0` : found;
  });
}

/** The JSON text that was escaped. */
export function unescapeJson(json: string): string {
  return json.includes(mark) ? json.replace(escaped, (_, hex: string) => `\\u${hex}`) : json;
}
