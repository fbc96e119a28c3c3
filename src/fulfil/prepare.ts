// What goes out for a unit of orders: one order's next request, or one that adds several members at once; passwords in their places only here.
import type { PasswordRules } from '../connectors/identity-manager/fulfil.ts';
import { TidemarkError } from '../errors.ts';
import { generatePassword, isGenerated, passwordOf, sealPassword, withPassword } from './password.ts';
import type { Work } from './place.ts';
import { bindStep, type Places, type Step, stepsOf } from './request.ts';
import { typeOf } from './types.ts';

export interface Request {
  readonly unit: readonly Work[];
  readonly step: Step;
}

/** What all requests of a round have in common. */
export interface Preparation {
  readonly connection: string;
  /** Graph's base: references begin with it. */
  readonly base: string;
  readonly settings: { readonly passwordCertificate?: string | undefined; readonly password: PasswordRules };
  /** Reads the password that a reference points to. */
  readonly reveal: (reference: string) => Promise<string>;
}

export function placesOf({ object, member }: Work, { base, connection }: Preparation, assignment: string | null = null): Places {
  return { base, connection, object: object ?? '{id}', member, assignment };
}

/** The request of orders that add members to one group: one for all, where there are several. */
export function requestOf(unit: readonly Work[], preparation: Preparation): Request {
  const [work] = unit;
  if (work === undefined) throw new RangeError('A unit has an order.');
  if (unit.length > 1) {
    const members = unit.flatMap(({ member }) => member ?? []);
    return { unit, step: bindStep(typeOf(work.order.type).collection, work.object ?? '', members, preparation.base) };
  }
  const [step] = stepsOf(work.order, placesOf(work, preparation));
  if (step === undefined) throw new RangeError('An order has a request.');
  return { unit, step };
}

/** All or nothing: what one of them is refused for, the others are not. */
export function halvesOf({ unit }: Request, preparation: Preparation): Request[] {
  const middle = Math.ceil(unit.length / 2);
  return [unit.slice(0, middle), unit.slice(middle)].map((half) => requestOf(half, preparation));
}

/** The step with its password; a generated one comes encrypted too. @throws ORDER_INVALID, SECRET_UNAVAILABLE */
export async function withItsPassword(
  step: Step,
  order: string,
  { connection, settings, reveal }: Preparation,
): Promise<{ readonly step: Step; readonly sealed: string | null }> {
  const { body } = step;
  const word = passwordOf(body);
  if (body === null || word === null) return { step, sealed: null };
  if (!isGenerated(body)) return { step: { ...step, body: withPassword(body, await reveal(word)) }, sealed: null };
  if (settings.passwordCertificate === undefined) {
    throw new TidemarkError(
      'ORDER_INVALID',
      'A password can be generated only with settings.fulfil.passwordCertificate: nobody could read it.',
      {
        hint: 'Set the certificate of who may read the password, or give a reference to it: env:NAME or file:NAME.',
      },
    );
  }
  const password = generatePassword(settings.password);
  return {
    step: { ...step, body: withPassword(body, password) },
    sealed: await sealPassword(password, settings.passwordCertificate, { connection, order }),
  };
}
