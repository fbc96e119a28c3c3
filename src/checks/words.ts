// A cause with its fix, in words. Pure.
import type { Advice } from '../model.ts';
import { causes, type CauseName } from './causes.ts';

/** What fills the places of a text. What comes from outside MUST be a fixed word, a number, or cleaned by `plain`. */
type Facts = Readonly<Record<string, string | number>>;

export function say(name: CauseName, facts: Facts = {}): Advice {
  const filled = (text: string): string => text.replace(/\{(\w+)\}/g, (_, place: string) => String(facts[place] ?? ''));
  return { cause: filled(causes[name].cause), fix: filled(causes[name].fix) };
}

const longest = 80;

/** Text of a certificate: letters, digits and what names are made of, cut short. */
export function plain(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N} .,:*_()-]/gu, ' ').slice(0, longest);
}
