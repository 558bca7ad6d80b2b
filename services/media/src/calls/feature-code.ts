/** What a dialled code asks for. */
export type Wish =
  /** Park in this slot, or retrieve from it; without one: as `park-next`. */
  | { readonly kind: 'auto'; readonly slot: string }
  | { readonly kind: 'park-next' }
  | { readonly kind: 'retrieve'; readonly slot: string }
  /** Empty extension: the caller's own. */
  | { readonly kind: 'park-extension'; readonly extension: string }
  | { readonly kind: 'park-group' }
  | { readonly kind: 'retrieve-extension'; readonly extension: string };

/** The prefixes of the codes. A longer one that fits wins; empty: this code is not used. */
export interface FeatureCodes {
  readonly auto: string;
  readonly parkNext: string;
  readonly retrieve: string;
  readonly parkExtension: string;
  readonly parkGroup: string;
  readonly retrieveExtension: string;
}

export const DEFAULT_CODES: FeatureCodes = {
  auto: '*3',
  parkNext: '*4',
  retrieve: '*5',
  parkExtension: '*68',
  parkGroup: '*58',
  retrieveExtension: '*88',
};

const MAX_DIALLED = 64;

/** Reads a dialled number; plain digits are a slot. Undefined: it is no code. */
export function readCode(dialled: string, codes: FeatureCodes): Wish | undefined {
  if (!/^[*#0-9]{1,64}$/.test(dialled) || dialled.length > MAX_DIALLED) return undefined;
  const found = (Object.entries(codes) as [keyof FeatureCodes, string][])
    .filter(([, prefix]) => prefix !== '' && dialled.startsWith(prefix))
    .sort(([, a], [, b]) => b.length - a.length)[0];
  if (found === undefined) return /^\d+$/.test(dialled) ? { kind: 'auto', slot: dialled } : undefined;
  const [name, prefix] = found;
  const rest = dialled.slice(prefix.length);
  if (!/^\d*$/.test(rest)) return undefined;
  switch (name) {
    case 'auto':
      return rest === '' ? { kind: 'park-next' } : { kind: 'auto', slot: rest };
    case 'parkNext':
      return rest === '' ? { kind: 'park-next' } : undefined;
    case 'retrieve':
      return rest === '' ? undefined : { kind: 'retrieve', slot: rest };
    case 'parkExtension':
      return { kind: 'park-extension', extension: rest };
    case 'parkGroup':
      return rest === '' ? { kind: 'park-group' } : undefined;
    case 'retrieveExtension':
      return { kind: 'retrieve-extension', extension: rest };
  }
}
