// The rules by which assets of different sources are one thing, in the order in which they are tried (decision 57).
export const rules = ['source-key', 'resource-id', 'vm-id', 'bios-uuid', 'mac-and-hostname', 'hostname-and-subscription'] as const;
export type Rule = (typeof rules)[number];

/** The source's own key comes first and always. */
export const switchable = rules.filter((rule): rule is Exclude<Rule, 'source-key'> => rule !== 'source-key');
