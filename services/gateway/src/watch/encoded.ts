import { WatchSlotsResponse } from '@parkade/proto';

/**
 * Messages of a watch as bytes. A slot's change is encoded once for all who watch it; each watcher's own resume token is put
 * behind it, which protobuf allows: fields may stand in any order.
 */

/** An event without a token. */
export function encodeEvent(event: NonNullable<WatchSlotsResponse['event']>): Uint8Array {
  return WatchSlotsResponse.encode({ event, resumeToken: '' }).finish();
}

/** A resume token, to be put behind an event. */
export function encodeToken(resumeToken: string): Uint8Array {
  return WatchSlotsResponse.encode({ event: undefined, resumeToken }).finish();
}

export const SYNCED = encodeEvent({ $case: 'synced', value: {} });

export const NO_TOKEN = encodeToken('');
