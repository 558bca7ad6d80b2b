import { z } from 'zod';

/** The feature codes of a tenant, by what they do (carriers' flow codes, and those of the park server). */
export const CODE_NAMES = [
  /** With a slot: fetch from it, or park in it. Alone: as `park_next`. */
  'auto',
  'park_next',
  /** With a slot: fetch from it. */
  'retrieve',
  /** With an extension, or alone for one's own: park there. */
  'park_extension',
  'park_group',
  /** With an extension, or alone for one's own: fetch from there. */
  'retrieve_extension',
] as const;
export type CodeName = (typeof CODE_NAMES)[number];

/** Each code's prefix; an empty one is not used. What follows it is a slot or an extension; the longest one that fits wins. */
export type FeatureCodes = Readonly<Record<CodeName, string>>;

export const DEFAULT_CODES: FeatureCodes = {
  auto: '*3',
  park_next: '*4',
  retrieve: '*5',
  park_extension: '*68',
  park_group: '*58',
  retrieve_extension: '*88',
};

/** Beginning with a star or a hash, as plain digits are slots and extensions. */
const codeSchema = z
  .string()
  .regex(/^(?:[*#][*#0-9]{0,15})?$/, {
    error: 'must begin with * or #, followed by at most 15 of 0-9 * #; or be empty, for a code that is not used',
  })
  .optional();

/**
 * A tenant's codes; what is left out keeps its default. Two that are the same once the defaults are filled in are refused,
 * as nobody could say what is meant.
 */
export const featureCodesSchema = z
  .strictObject({
    auto: codeSchema,
    park_next: codeSchema,
    retrieve: codeSchema,
    park_extension: codeSchema,
    park_group: codeSchema,
    retrieve_extension: codeSchema,
  } satisfies Record<CodeName, typeof codeSchema>)
  .superRefine((given, context) => {
    const codes = codesOf(given);
    for (const name of CODE_NAMES) {
      if (given[name] === undefined || codes[name] === '') continue;
      const other = CODE_NAMES.find((one) => one !== name && codes[one] === codes[name]);
      if (other === undefined) continue;
      const whose = given[other] === undefined ? `the default of ${other}` : other;
      context.addIssue({ code: 'custom', path: [name], message: `${codes[name]} is ${whose} already` });
    }
  });
export type FeatureCodesSettings = z.output<typeof featureCodesSchema>;

/** Every code, with `defaults` for what a tenant leaves out. */
export function codesOf(
  given: { readonly [Name in CodeName]?: string | undefined } = {},
  defaults: FeatureCodes = DEFAULT_CODES,
): FeatureCodes {
  const at = (name: CodeName): string => given[name] ?? defaults[name];
  return {
    auto: at('auto'),
    park_next: at('park_next'),
    retrieve: at('retrieve'),
    park_extension: at('park_extension'),
    park_group: at('park_group'),
    retrieve_extension: at('retrieve_extension'),
  };
}
