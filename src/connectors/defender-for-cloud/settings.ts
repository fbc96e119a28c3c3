// The settings of Defender for Cloud (decision 18): which subscriptions, and what is read besides.
import { z } from 'zod';
import { guid } from '../input.ts';

const mostSubscriptions = 20_000;
const mostGroups = 10;

export const subscriptions = z
  .union(
    [
      z.literal('all'),
      z
        .array(
          z
            .string()
            .regex(guid, "must be a subscription's id")
            .transform((text) => text.toLowerCase()),
        )
        .min(1, 'must name a subscription, or be all')
        .max(mostSubscriptions, `has at most ${mostSubscriptions} subscriptions`),
    ],
    { error: "must be all, or a list of subscriptions' ids" },
  )
  .default('all');

// What a management group's id may be: https://learn.microsoft.com/azure/governance/management-groups/create-management-group-portal
export const managementGroups = z
  .array(z.string().regex(/^[A-Za-z0-9_().-]{1,90}$/, "must be a management group's id"))
  .max(mostGroups, `has at most ${mostGroups} management groups`)
  .default([]);

/** Whether images that no finding names are read too, from the registries' catalogs. */
export const registryCatalog = z.boolean('must be true or false').default(false);

/** Whether values of containers' environment variables are kept; secure ones never are. */
export const environmentValues = z.boolean('must be true or false').default(false);
