// What a parsed query is made of.
export const comparisons = [
  '==',
  '!=',
  '=~',
  '!~',
  '<',
  '<=',
  '>',
  '>=',
  'has',
  '!has',
  'contains',
  '!contains',
  'startswith',
  '!startswith',
  'endswith',
  '!endswith',
] as const;
export type Comparison = (typeof comparisons)[number];

export const memberships = ['in', '!in', 'in~', '!in~'] as const;
export type Membership = (typeof memberships)[number];

export const functions = ['not', 'tolower', 'toupper', 'tostring', 'isempty', 'isnotempty', 'isnull', 'isnotnull', 'strcat'] as const;
export type FunctionName = (typeof functions)[number];

export type Expression =
  | { readonly kind: 'literal'; readonly value: string | number | boolean }
  | { readonly kind: 'path'; readonly steps: readonly (string | number)[] }
  | { readonly kind: 'call'; readonly name: FunctionName; readonly given: readonly Expression[] }
  | { readonly kind: 'comparison'; readonly operator: Comparison; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'membership'; readonly operator: Membership; readonly left: Expression; readonly values: readonly Expression[] }
  | { readonly kind: 'logic'; readonly operator: 'and' | 'or'; readonly left: Expression; readonly right: Expression };

export interface Column {
  readonly name: string;
  readonly value: Expression;
}

export type Operator =
  | { readonly kind: 'where'; readonly condition: Expression }
  | { readonly kind: 'project' | 'extend'; readonly columns: readonly Column[] }
  | { readonly kind: 'order'; readonly by: readonly { readonly of: Expression; readonly descending: boolean }[] }
  | { readonly kind: 'take'; readonly count: number };

export interface Query {
  readonly table: string;
  readonly operators: readonly Operator[];
}
