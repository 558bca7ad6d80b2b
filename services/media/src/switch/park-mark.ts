import type { EslHeaders } from '@parkade/esl';

/** What stands on a parked leg at the switch: with it a leg is known again when everything else is gone. */
export interface ParkMark {
  readonly tenantId: string;
  readonly parkId: string;
  /** The slot's revision: whoever joins the leg with an older one is late. */
  readonly revision: number;
  /** The extension the call goes back to when nobody knows its park any more; empty: none. */
  readonly back: string;
}

/** Name of the variable that whoever joins a leg looks at first: `park_id:revision`. */
export const PARK_VARIABLE = 'parkade_park';
/** The tenant of a parked call, and of a leg that a recall rings for it. */
export const TENANT_VARIABLE = 'parkade_tenant';
const BACK_VARIABLE = 'parkade_back';
/** Set by the dial plan where nobody listened: the call waits for being taken. */
export const PENDING_VARIABLE = 'parkade_pending';
/**
 * It waits for being taken, by us: what the dial plan set so that its own waiting ends is nothing to the audio it hears in park.
 */
export const PENDING_HERE: Readonly<Record<string, string>> = { [PENDING_VARIABLE]: 'true', playback_timeout_sec: '' };
/** On a leg that fetches a call: of one that came from another node the attempt it is for, of one that we have rung the park. */
export const RETRIEVE_VARIABLE = 'parkade_retrieve';
/** On a leg that we ring for a parked call: the park. */
export const LEG_OF_VARIABLE = 'parkade_leg_of';

/** On a leg that was handed over to the dial plan: the park that it left. */
export const LEFT_VARIABLE = 'parkade_left';

/** It waits for being taken no more. */
export const NOT_PENDING: Readonly<Record<string, string>> = { [PENDING_VARIABLE]: '' };

export function markVariables({ tenantId, parkId, revision, back }: ParkMark): Record<string, string> {
  const mark = { [PARK_VARIABLE]: `${parkId}:${revision}`, [TENANT_VARIABLE]: tenantId };
  return { ...mark, [BACK_VARIABLE]: back, ...NOT_PENDING };
}

/** Takes the mark off: the leg is parked no more. */
export const NO_MARK: Readonly<Record<string, string>> = { [PARK_VARIABLE]: '', [TENANT_VARIABLE]: '' };

/** The mark of a leg; undefined when it has none. */
export function markOf(headers: EslHeaders): ParkMark | undefined {
  const mark = readMark(headers.get(`variable_${PARK_VARIABLE}`) ?? '');
  const tenantId = headers.get(`variable_${TENANT_VARIABLE}`) ?? '';
  if (mark === undefined || tenantId === '') return undefined;
  return { ...mark, tenantId, back: headers.get(`variable_${BACK_VARIABLE}`) ?? '' };
}

/** Reads the value of {@link PARK_VARIABLE}. */
export function readMark(value: string): Pick<ParkMark, 'parkId' | 'revision'> | undefined {
  const [parkId = '', revision = ''] = value.split(':');
  return parkId === '' || !/^\d+$/.test(revision) ? undefined : { parkId, revision: Number(revision) };
}
