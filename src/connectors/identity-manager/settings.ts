// The settings of Identity Manager's connector (document 003, decisions 18 and 44): what is exported of which entities, and where to.
import { z } from 'zod';
import { attributeFault, entityTypes } from './attributes.ts';
import { folder } from './folder.ts';
import { fulfil } from './fulfil.ts';

/** Document 003: no leading digit, none of `< > : " / \ | ? * _`, which separate and forbid in file names. No dot or blank at the ends either. */
const fileName = z
  .string()
  .regex(
    /^(?!\d)(?![ .])[^<>:"/\\|?*_\p{Cc}]{1,100}(?<![ .])$/u,
    'is no identifier of Identity Manager: no leading digit, none of < > : " / \\ | ? * _',
  );

/** Those of them that the entity types have. */
const usual = ['accountEnabled', 'displayName', 'id', 'mail', 'userPrincipalName'];

const exportSettings = z
  .strictObject({
    /** Below the worker's TIDEMARK_EXPORT_DIR. null: runs write nothing, `tidemark export` does. */
    directory: folder.nullable().default(null),
    /** null: ExportCookies beside the directory. */
    cookies: folder.nullable().default(null),
    /** null: the connection's name. */
    name: fileName.nullable().default(null),
    /** Every set is complete. */
    ignoreCookieFile: z.boolean().default(false),
    delimiter: z.enum([',', ';', '\t', '|'], { error: 'must be ",", ";", "|" or a tab' }).default(','),
    bom: z.boolean().default(false),
    /** A second file beside each, for people: what a spreadsheet would compute has an apostrophe before it. */
    spreadsheetSafeCopy: z.boolean().default(false),
  })
  .prefault({});

export const settings = z
  .strictObject({
    entityTypes: z
      .array(z.enum(entityTypes, { error: `must be ${entityTypes.join(', ')}` }))
      .min(1, 'must name an entity type')
      .refine((names) => new Set(names).size === names.length, 'names one twice')
      .default([...entityTypes]),
    attributes: z
      .array(z.string().max(300))
      .min(1, 'must name an attribute')
      .max(200, 'has at most 200 attributes')
      .refine((names) => new Set(names.map((name) => name.toLowerCase())).size === names.length, 'names one twice')
      .refine((names) => names.includes('id'), 'must have id: rows are known by it')
      .optional(),
    /** What a token is asked for; null: Graph's own. */
    scope: z
      .url({ protocol: /^https?$/, error: 'must be a scope such as https://graph.microsoft.com/.default' })
      .nullable()
      .default(null),
    export: exportSettings,
    fulfil,
  })
  .superRefine(({ entityTypes: entities, attributes = [] }, context) => {
    attributes.forEach((name, position) => {
      const message = attributeFault(name, entities);
      if (message !== null) context.addIssue({ code: 'custom', path: ['attributes', position], message });
    });
  })
  .transform(({ attributes, ...others }) => ({
    ...others,
    attributes: attributes ?? usual.filter((name) => attributeFault(name, others.entityTypes) === null),
  }));
