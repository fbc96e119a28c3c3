// `settings.scoring`: the five rows of document 004's scoring screen, and the weights beside them (decision 56). Everything has a default.
import { z } from 'zod';
import { defaultScoring, severities, sourceValue } from '../../mappings/scoring/config.ts';
import { assessedClasses } from '../../model.ts';

const severity = z.literal(severities, 'must be from 1 to 5');
const score = z.number('must be a number').min(0, 'must be from 0 to 100').max(100, 'must be from 0 to 100');
const weight = z.number('must be a number').min(0, 'must not be negative').max(1_000, 'is at most 1000');
const criticality = z.int('must be a whole number').min(1, 'must be from 1 to 5').max(5, 'must be from 1 to 5');

const row = z.strictObject({
  severity,
  sourceValues: z.array(z.string().max(100, 'has at most 100 characters')).min(1, 'must name a value of the source').max(50),
  qds: z.int('must be a whole number').min(0, 'must be from 0 to 100').max(100, 'must be from 0 to 100'),
});

const rows = z
  .array(row)
  .superRefine((given, context) => {
    const missing = severities.filter((one) => given.filter((each) => each.severity === one).length !== 1);
    if (missing.length > 0) context.addIssue(`must have each severity from 1 to 5 once; look at ${missing.join(', ')}`);
    const seen = new Map<string, number>();
    given.forEach((each, index) => {
      for (const value of each.sourceValues.map(sourceValue)) {
        const other = seen.get(value);
        if (other !== undefined && other !== index)
          context.addIssue({ code: 'custom', path: [index, 'sourceValues'], message: 'has a value that another row has too' });
        seen.set(value, index);
      }
    });
  })
  .default(defaultScoring.rows.map((one) => ({ ...one, sourceValues: [...one.sourceValues] })));

const { bands, cve, asset } = defaultScoring;

const bandsInput = z
  .strictObject({ 5: score.default(bands[5]), 4: score.default(bands[4]), 3: score.default(bands[3]), 2: score.default(bands[2]) })
  .refine((given) => given[5] > given[4] && given[4] > given[3] && given[3] > given[2], 'must fall from 5 to 2')
  .prefault({});

const cveInput = z
  .strictObject({
    weights: z
      .strictObject({
        cvss: weight.default(cve.weights.cvss),
        exploit: weight.default(cve.weights.exploit),
        epss: weight.default(cve.weights.epss),
      })
      .refine(({ cvss }) => cvss > 0, 'must give CVSS a weight')
      .prefault({}),
    exploit: z
      .strictObject({
        kit: score.default(cve.exploit.kit),
        verified: score.default(cve.exploit.verified),
        published: score.default(cve.exploit.published),
      })
      .prefault({}),
    knownExploited: score.default(cve.knownExploited),
  })
  .prefault({});

const criticalityInput = z
  .strictObject({
    default: criticality.default(defaultScoring.criticality.default),
    byClass: z.partialRecord(z.enum(assessedClasses), criticality).default({}),
  })
  .prefault({});

const assetInput = z
  .strictObject({
    factors: z
      .strictObject({
        critical: weight.default(asset.factors.critical),
        high: weight.default(asset.factors.high),
        other: weight.default(asset.factors.other),
      })
      .prefault({}),
    weights: z
      .strictObject({
        critical: weight.default(asset.weights.critical),
        high: weight.default(asset.weights.high),
        medium: weight.default(asset.weights.medium),
        low: weight.default(asset.weights.low),
      })
      .prefault({}),
  })
  .prefault({});

export const scoring = z
  .strictObject({
    rows,
    defaultSeverity: severity.default(defaultScoring.defaultSeverity),
    bands: bandsInput,
    cve: cveInput,
    criticality: criticalityInput,
    asset: assetInput,
  })
  .prefault({});
