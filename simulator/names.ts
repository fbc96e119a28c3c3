// Made-up names of people and things. Some are awkward on purpose: quotes, other scripts, emoji, formulas, markup.
import { mix } from './random.ts';

const given =
  'Ana Bram Chidi Dagny Elif Farid Greta Hana Ivo Jun Kofi Leila Mara Nils Ola Pia Quim Rosa Sami Tala Uma Viggo Wen Xenia Yara Zeno Åse Émile Ines Jörg Łucja Søren'.split(
    ' ',
  );
const family =
  'Almeida Brandt Castro Dvořák Eklund Farouk Gupta Haddad Ito Jansen Kovač Lindqvist Moreau Nakamura Okafor Petrov Quist Rossi Sato Tanaka Ueda Vargas Weiß Xu Yılmaz Zielińska Ó’Brien Núñez D’Amico Bergström Kim Nguyen'.split(
    ' ',
  );
const awkward = [
  `O'Neill "Red" \\ Sons`,
  'Zoë 🦊🏳️‍🌈',
  '山田 太郎',
  'محمد علي',
  `=HYPERLINK("http://example.invalid")`,
  '<b>Bold</b> & <script>',
  'Tab\there',
  '-- ; drop table asset',
  '%20 {{x}} ${y}',
  'n/a, "comma"',
  'ÀÉÎÕÜ ß ǆ',
  'null',
];
const trades = 'Engineer Nurse Analyst Buyer Planner Welder Teacher Auditor Chemist Clerk Pilot Surveyor'.split(' ');
const parts = 'Finance Research Sales Logistics Support Legal Design Security Payroll Quality Travel Energy'.split(' ');
const places = [
  ['Utrecht', 'Utrecht', 'Netherlands', 'NL'],
  ['Pune', 'Maharashtra', 'India', 'IN'],
  ['Malmö', 'Skåne', 'Sweden', 'SE'],
  ['Austin', 'TX', 'United States', 'US'],
  ['São Paulo', 'SP', 'Brazil', 'BR'],
  ['Kraków', 'Małopolskie', 'Poland', 'PL'],
  ['Osaka', '大阪府', 'Japan', 'JP'],
  ['Leeds', 'West Yorkshire', 'United Kingdom', 'GB'],
] as const;

function pick<T>(list: readonly T[], dice: number): T {
  const chosen = list[dice % list.length];
  if (chosen === undefined) throw new Error('The list is empty.');
  return chosen;
}

export function givenName(dice: number): string {
  return pick(given, dice & 0xff);
}

export function surname(dice: number): string {
  return pick(family, (dice >>> 8) & 0xff);
}

/** One in 64 names is awkward. */
export function personName(dice: number): string {
  return (dice >>> 16) % 64 === 7 ? pick(awkward, dice & 0xfff) : `${givenName(dice)} ${surname(dice)}`;
}

export function jobTitle(dice: number): string {
  return pick(trades, dice >>> 5);
}

export function department(dice: number): string {
  return pick(parts, dice >>> 9);
}

export function place(dice: number): (typeof places)[number] {
  return pick(places, dice >>> 13);
}

/** A name for a group, role or application; one in 32 is awkward. Never empty; not unique. */
export function thingName(seed: number, salt: number, index: number): string {
  const dice = mix(seed, salt, index);
  const name = dice % 32 === 5 ? pick(awkward, dice >>> 6) : `${pick(parts, dice >>> 3)} ${pick(trades, dice >>> 7)}s`;
  return `${name} ${index}`;
}
