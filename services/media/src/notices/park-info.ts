import { type EslCommand, sendeventCommand } from '@parkade/esl';
import { EXTENSION_LOT } from '@parkade/ids';
import type { FeatureCodes, GroupSettings, ParkInfoSettings } from '@parkade/settings';
import type { Notice } from './notice-board.js';

/** The SIP event package of these notices. */
export const PARK_INFO = 'park-info';

/** A notice reaches at most this many phones. */
export const MAX_TOLD = 64;

/** Whom a notice is for, each once: parker, the extension it is parked at, the members of that one's group (R20). */
export function toldOf(
  { lotId, slot, occupant: { parker } }: Notice,
  settings: ParkInfoSettings,
  groupOf: (extension: string) => Pick<GroupSettings, 'members'> | undefined,
): readonly string[] {
  const told = new Set<string>();
  if (settings.parker && parker !== '') told.add(parker);
  if (lotId === EXTENSION_LOT) {
    if (settings.target) told.add(slot);
    if (settings.group) for (const { extension } of groupOf(slot)?.members ?? []) told.add(extension);
  }
  return [...told].filter((extension) => /^[A-Za-z0-9_.+*#-]{1,64}$/.test(extension)).slice(0, MAX_TOLD);
}

/** What the phone dials to get the call; empty: the tenant has no code for it. */
export function retrieveCode({ lotId, slot }: Pick<Notice, 'lotId' | 'slot'>, codes: FeatureCodes): string {
  const prefix = lotId === EXTENSION_LOT ? codes.retrieve_extension : codes.retrieve;
  return prefix === '' ? '' : `${prefix}${slot}`;
}

/**
 * The text of a notice: a line a fact, `Name: value`. `State: parked` with who waits, where, parked by whom, and how to get him;
 * `State: cleared` with where alone: nobody waits there any more. A caller whose number is withheld has none here.
 */
export function noticeText(notice: Notice, codes: FeatureCodes): string {
  const { kind, lotId, slot, occupant } = notice;
  const where: [string, string][] = [
    ['State', kind],
    ['Slot', slot],
    ['Lot', lotId],
  ];
  const parked: [string, string][] = [
    ['Parked-By', occupant.parker],
    ['Caller-Name', occupant.callerName],
    ['Caller-Number', occupant.callerNumber],
    ['Retrieve', retrieveCode(notice, codes)],
  ];
  const lines = kind === 'parked' ? [...where, ...parked] : where;
  return lines.map(([name, value]) => `${name}: ${value.replace(/[\p{Cc}\u2028\u2029]/gu, ' ')}\r\n`).join('');
}

/** The switch sends it as a NOTIFY outside of any dialog to every registration of the extension. */
export function notifyCommand(extension: string, domain: string, profile: string, text: string): EslCommand {
  const headers: [string, string][] = [
    ['profile', profile],
    ['event-string', PARK_INFO],
    ['content-type', 'text/plain'],
    ['user', extension],
    ['host', domain],
  ];
  return sendeventCommand('NOTIFY', headers, text);
}
