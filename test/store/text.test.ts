// The escape is reversible, leaves ordinary text alone, and what it writes PostgreSQL can hold.
import fc from 'fast-check';
import { escapeJson, escapeText, unescapeJson, unescapeText } from '../../src/store/text.ts';

const unit = fc.oneof(
  fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
  fc.constantFrom('\0', '\uD83D', '\uDE00', '\uFDD0', '\\', 'u', '0', 'd', '"'),
);
const text = fc.array(unit, { maxLength: 40 }).map((units) => units.join(''));

test.each(['', 'plain', 'Ünal 😀', 'a\\u0000b', '\uE000\uFFFD'])('%j stays as it is', (given) => {
  expect(escapeText(given)).toBe(given);
  expect(escapeJson(JSON.stringify(given))).toBe(JSON.stringify(given));
});

test.each([
  ['\0', '\uFDD00000'],
  ['\uD800x', '\uFDD0d800x'],
  ['x\uDC00', 'x\uFDD0dc00'],
  ['\uFDD0', '\uFDD0fdd0'],
])('%j is written as %j', (given, written) => {
  expect(escapeText(given)).toBe(written);
  expect(escapeJson(JSON.stringify(given))).toBe(JSON.stringify(written));
});

test('any text comes back, and what is written has neither NUL nor half a pair', () => {
  fc.assert(
    fc.property(text, (given) => {
      const written = escapeText(given);
      expect(unescapeText(written)).toBe(given);
      expect(written).not.toContain('\0');
      expect(Buffer.from(written).toString()).toBe(written);
    }),
  );
});

test('any JSON comes back, and what is written means the same text escaped', () => {
  fc.assert(
    fc.property(fc.dictionary(text, text, { noNullPrototype: true }), (given) => {
      const written = escapeJson(JSON.stringify(given));
      expect(JSON.parse(unescapeJson(written))).toEqual(given);
      expect(JSON.parse(written)).toEqual(Object.fromEntries(Object.entries(given).map((pair) => pair.map(escapeText))));
    }),
  );
});
