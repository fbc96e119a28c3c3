// The rules by which assets of different sources are one thing, in the order in which they are tried where the installation has no other (decision 57).
// The source's own key comes before all of them and cannot be switched off: it is what a record is stored by, and two records of one source are never one.
export const rules = ['resource-id', 'vm-id', 'bios-uuid', 'mac-and-hostname', 'hostname-and-subscription'] as const;
export type Rule = (typeof rules)[number];

/** The rules of an installation, or what switches some of them off. */
export interface RuleOrder {
  /** Each rule once. */
  readonly order: readonly Rule[];
  readonly off: readonly Rule[];
}

export const defaultOrder: RuleOrder = { order: rules, off: [] };

/** Those that are tried, in their order. */
export const rulesOn = ({ order, off }: RuleOrder): Rule[] => order.filter((rule) => !off.includes(rule));
