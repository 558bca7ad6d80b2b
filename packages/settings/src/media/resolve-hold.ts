import type { TenantView } from '../cache/tenant-view.js';
import type { EscapeSettings, HoldAudio } from './hold-settings.js';

/** A place a call waits in. */
export interface HoldPlace {
  readonly lotId: string;
  readonly slot: string;
}

/** What a caller hears there; absent: what the switch process plays where nobody says anything. */
export interface ResolvedHold {
  readonly audio: HoldAudio;
  readonly music: string | undefined;
  readonly promptFileId: string | undefined;
}

/**
 * Hold audio of a slot: the slot's own, its lot's, its tenant's, each as a whole, the first that is there (R22). A tenant that
 * only names a prompt file has it played. Undefined: no level says anything.
 */
export function resolveHold(view: TenantView | undefined, { lotId, slot }: HoldPlace): ResolvedHold | undefined {
  const settings = view?.settings;
  const lot = view?.lot(lotId);
  const hold = lot?.slots[slot]?.hold ?? lot?.hold ?? settings?.hold;
  const promptFileId = hold?.prompt_file_id ?? settings?.prompt_file_id;
  if (hold === undefined) {
    return promptFileId === undefined ? undefined : { audio: 'prompt', music: undefined, promptFileId };
  }
  const { audio = 'music', music } = hold;
  return { audio, music, promptFileId };
}

/** The key of a slot, its lot or its tenant, the first that is there; undefined: none counts. */
export function resolveEscape(
  view: TenantView | undefined,
  { lotId, slot }: HoldPlace,
): { readonly key: string; readonly to: string } | undefined {
  const lot = view?.lot(lotId);
  const escape: EscapeSettings | undefined = lot?.slots[slot]?.escape ?? lot?.escape ?? view?.settings.escape;
  if (escape?.to === undefined || escape.key === 'off') return undefined;
  return { key: escape.key, to: escape.to };
}
