// Texts of any characters. fast-check's own (unit "binary") first makes a table of all of them, which takes seconds.
import fc from 'fast-check';

const halves = { from: 0xd800, count: 0x800 };
const character = fc
  .integer({ min: 0, max: 0x10ffff - halves.count })
  .map((at) => String.fromCodePoint(at < halves.from ? at : at + halves.count));

export const anyText = (maxLength: number): fc.Arbitrary<string> => fc.array(character, { maxLength }).map((found) => found.join(''));
