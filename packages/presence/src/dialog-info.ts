import type { CallRef } from '@parkade/proto';
import type { LampState } from './lamps.js';
import { escapeXml } from './xml.js';

/** One dialog of a lamp: a call that waits. */
export interface DialogEntry {
  /** Unique in the document and the same in every version of it: the park id. */
  readonly id: string;
  readonly state: LampState;
  readonly call: CallRef | undefined;
}

export interface DialogInfo {
  readonly presenceId: string;
  readonly tenantId: string;
  /** Shown beside the lamp: the slot. */
  readonly display: string;
  /** 32 bits, rises. */
  readonly version: number;
  readonly dialogs: readonly DialogEntry[];
}

/**
 * The RFC 4235 document (`application/dialog-info+xml`) of a lamp.
 *
 * - `state="full"`: it says all there is, so a phone that missed one is right again with the next.
 * - `direction="recipient"` on every dialog: to the phone the lamp is called, not calling, so that `early` blinks.
 * - A dark lamp has one dialog in state `terminated`, not none: many phones only put a lamp out when they are told so.
 * - No `call-id` and tags: with them phones pick up by INVITE with Replaces at a dialog that the lamp does not have. Without,
 *   they dial the entity, which is the slot's code.
 */
export function dialogInfo(info: DialogInfo): string {
  const entity = presenceUri(info.presenceId, info.tenantId);
  const dialogs = info.dialogs.map((dialog) => dialogElement(dialog, entity, info));
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    `<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="${info.version >>> 0}" state="full"` +
    ` entity="${escapeXml(entity)}">\n${dialogs.join('')}</dialog-info>\n`
  );
}

function dialogElement(dialog: DialogEntry, entity: string, info: DialogInfo): string {
  const parties =
    dialog.state === 'terminated'
      ? ''
      : partyElement('local', info.display, entity) +
        partyElement('remote', dialog.call?.callerName ?? '', callerUri(dialog.call, info.tenantId));
  return (
    `<dialog id="${escapeXml(dialog.id)}" direction="recipient">\n<state>${dialog.state}</state>\n` +
    `${parties}</dialog>\n`
  );
}

function partyElement(element: 'local' | 'remote', display: string, uri: string): string {
  const shown = display === '' ? '' : ` display="${escapeXml(display)}"`;
  const escaped = escapeXml(uri);
  return `<${element}>\n<identity${shown}>${escaped}</identity>\n<target uri="${escaped}"/>\n</${element}>\n`;
}

/** The SIP URI of a lamp: `sip:*3701@acme`; an id with a domain of its own keeps it. */
export function presenceUri(presenceId: string, tenantId: string): string {
  const at = presenceId.lastIndexOf('@');
  if (at < 0) return sipUri(presenceId, tenantId);
  return sipUri(presenceId.slice(0, at), presenceId.slice(at + 1));
}

function callerUri(call: CallRef | undefined, tenantId: string): string {
  const number = call?.callerNumber ?? '';
  return sipUri(number === '' ? 'anonymous' : number, tenantId);
}

/** Whatever the parts hold, the URI has one `@` and no separators but its own. */
function sipUri(user: string, host: string): string {
  return `sip:${encode(user).replaceAll('%2B', '+')}@${encode(host).replaceAll('%3A', ':')}`;
}

/** Percent-encoded; most names and numbers hold nothing that needs it, which is told in one look. */
function encode(text: string): string {
  if (/^[\w.!~*'()-]*$/.test(text)) return text;
  return encodeURIComponent(text.replace(/\p{Cs}/gu, '\uFFFD'));
}
