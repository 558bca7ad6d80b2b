import { CODE_NAMES, type FeatureCodes } from '@parkade/settings';

/** What a dialled code asks for. */
export type Wish =
  /** Park in this slot, or retrieve from it; without one: as `park-next`. */
  | { readonly kind: 'auto'; readonly slot: string }
  | { readonly kind: 'park-next' }
  /** The park server's own extension: park at one's own extension, or retrieve from there. */
  | { readonly kind: 'auto-extension' }
  | { readonly kind: 'retrieve'; readonly slot: string }
  /** Empty extension: the caller's own. */
  | { readonly kind: 'park-extension'; readonly extension: string }
  | { readonly kind: 'park-group' }
  | { readonly kind: 'retrieve-extension'; readonly extension: string };

const MAX_DIALLED = 64;

/**
 * Reads a dialled number by the tenant's codes; plain digits are a slot, but for the park server's own extension, which stands
 * for the caller's own slot there. Undefined: it is no code.
 */
export function readCode(dialled: string, codes: FeatureCodes, serverExtension?: string): Wish | undefined {
  if (!/^[*#0-9]{1,64}$/.test(dialled) || dialled.length > MAX_DIALLED) return undefined;
  if (dialled === serverExtension) return { kind: 'auto-extension' };
  const found = CODE_NAMES.map((name) => [name, codes[name]] as const)
    .filter(([, prefix]) => prefix !== '' && dialled.startsWith(prefix))
    .sort(([, a], [, b]) => b.length - a.length)[0];
  if (found === undefined) return /^\d+$/.test(dialled) ? { kind: 'auto', slot: dialled } : undefined;
  const [name, prefix] = found;
  const rest = dialled.slice(prefix.length);
  if (!/^\d*$/.test(rest)) return undefined;
  switch (name) {
    case 'auto':
      return rest === '' ? { kind: 'park-next' } : { kind: 'auto', slot: rest };
    case 'park_next':
      return rest === '' ? { kind: 'park-next' } : undefined;
    case 'retrieve':
      return rest === '' ? undefined : { kind: 'retrieve', slot: rest };
    case 'park_extension':
      return { kind: 'park-extension', extension: rest };
    case 'park_group':
      return rest === '' ? { kind: 'park-group' } : undefined;
    case 'retrieve_extension':
      return { kind: 'retrieve-extension', extension: rest };
  }
}
