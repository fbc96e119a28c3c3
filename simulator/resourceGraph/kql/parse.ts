// Queries as trees: a table and the operators after it. The subset that reading tables needs; everything else is refused.
// https://learn.microsoft.com/azure/governance/resource-graph/concepts/query-language
import type { Comparison, Expression, Membership, Operator, Query } from './tree.ts';
import { comparisons, functions, memberships } from './tree.ts';
import { InvalidQuery } from './refused.ts';
import { type Token, tokensOf } from './tokens.ts';

/** @throws InvalidQuery */
export function parseQuery(text: string): Query {
  return new Parser(tokensOf(text)).query();
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  query(): Query {
    const table = this.#name();
    const operators: Operator[] = [];
    while (this.#taken('|')) operators.push(this.#operator());
    if (this.#peek().kind !== 'end') throw this.#wrong();
    return { table, operators };
  }

  #operator(): Operator {
    const name = this.#name();
    switch (name) {
      case 'where':
        return { kind: 'where', condition: this.#either() };
      case 'project':
      case 'extend':
        return { kind: name, columns: this.#list(() => this.#column()) };
      case 'order':
      case 'sort':
        this.#need('by');
        return { kind: 'order', by: this.#list(() => ({ of: this.#value(), descending: !this.#ascending() })) };
      case 'take':
      case 'limit':
        return { kind: 'take', count: Number(this.#token('number')) };
      default:
        this.#at -= 1;
        throw this.#wrong();
    }
  }

  /** Kusto sorts downwards when nothing is said. */
  #ascending(): boolean {
    if (this.#taken('asc')) return true;
    this.#taken('desc');
    return false;
  }

  #column(): { readonly name: string; readonly value: Expression } {
    const next = this.#tokens[this.#at + 1];
    if (this.#peek().kind === 'name' && next?.value === '=' && next.kind === 'sign') {
      const name = this.#name();
      this.#need('=');
      return { name, value: this.#either() };
    }
    const value = this.#either();
    if (value.kind !== 'path') throw this.#wrong();
    return { name: value.steps.join('_'), value };
  }

  #either(): Expression {
    let left = this.#both();
    while (this.#taken('or')) left = { kind: 'logic', operator: 'or', left, right: this.#both() };
    return left;
  }

  #both(): Expression {
    let left = this.#compared();
    while (this.#taken('and')) left = { kind: 'logic', operator: 'and', left, right: this.#compared() };
    return left;
  }

  #compared(): Expression {
    const left = this.#value();
    const { kind, value } = this.#peek();
    if (kind !== 'sign' && kind !== 'name') return left;
    if (isOf(comparisons, value)) {
      this.#at += 1;
      return { kind: 'comparison', operator: value, left, right: this.#value() };
    }
    if (!isOf(memberships, value)) return left;
    this.#at += 1;
    this.#need('(');
    const values = this.#list(() => this.#value());
    this.#need(')');
    return { kind: 'membership', operator: value, left, values };
  }

  #value(): Expression {
    if (this.#taken('(')) {
      const inner = this.#either();
      this.#need(')');
      return inner;
    }
    const { kind, value } = this.#peek();
    if (kind === 'text') return this.#literal(value);
    if (kind === 'number') return this.#literal(Number(value));
    if (kind !== 'name') throw this.#wrong();
    if (value === 'true' || value === 'false') return this.#literal(value === 'true');
    if (this.#tokens[this.#at + 1]?.value !== '(') return this.#path();
    if (!isOf(functions, value)) throw this.#wrong();
    this.#at += 2;
    const given = this.#list(() => this.#either());
    this.#need(')');
    return { kind: 'call', name: value, given };
  }

  #literal(value: string | number | boolean): Expression {
    this.#at += 1;
    return { kind: 'literal', value };
  }

  #path(): Expression {
    const steps: (string | number)[] = [this.#name()];
    for (;;) {
      if (this.#taken('.')) steps.push(this.#name());
      else if (this.#taken('[')) {
        const { kind, value } = this.#peek();
        if (kind !== 'text' && kind !== 'number') throw this.#wrong();
        this.#at += 1;
        steps.push(kind === 'number' ? Number(value) : value);
        this.#need(']');
      } else return { kind: 'path', steps };
    }
  }

  #list<T>(one: () => T): T[] {
    const all = [one()];
    while (this.#taken(',')) all.push(one());
    return all;
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? { kind: 'end', value: '', at: 0 };
  }

  #taken(value: string): boolean {
    const token = this.#peek();
    if (token.kind === 'text' || token.value !== value) return false;
    this.#at += 1;
    return true;
  }

  #need(value: string): void {
    if (!this.#taken(value)) throw this.#wrong();
  }

  #token(kind: Token['kind']): string {
    const token = this.#peek();
    if (token.kind !== kind) throw this.#wrong();
    this.#at += 1;
    return token.value;
  }

  #name(): string {
    return this.#token('name');
  }

  #wrong(): InvalidQuery {
    const { value, at } = this.#peek();
    return new InvalidQuery(value, at);
  }
}

function isOf<T extends string>(names: readonly T[], name: string): name is T & (Comparison | Membership | T) {
  return names.some((known) => known === name);
}
