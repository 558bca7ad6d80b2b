import type { Operation } from './history.js';

/** The call that is in the slot; undefined: none. */
export type SlotState = string | undefined;

/** What a slot is after an operation that was told this outcome; `no`: it cannot have been told that in this state. */
export type Applied = { readonly state: SlotState } | 'no';

/**
 * A slot with room for one call. An operation of unknown outcome is applied only where it changes something: that it did
 * nothing is the same as never.
 */
export function applyTo(state: SlotState, { action, outcome }: Operation): Applied {
  switch (outcome.kind) {
    case 'done': {
      if (action.kind === 'park')
        return state === undefined && outcome.call === action.call ? { state: action.call } : 'no';
      if (action.kind === 'get' || state !== outcome.call) return 'no';
      return action.call === undefined || action.call === state ? { state: undefined } : 'no';
    }
    case 'occupied':
      return action.kind === 'park' && state !== undefined ? { state } : 'no';
    case 'parked-already':
      return action.kind === 'park' && state === action.call ? { state } : 'no';
    case 'empty':
      return action.kind === 'retrieve' && state === undefined ? { state } : 'no';
    case 'ended':
      return (action.kind === 'retrieve' || action.kind === 'release') && state !== action.call ? { state } : 'no';
    case 'saw':
      return action.kind === 'get' && state === outcome.call ? { state } : 'no';
    case 'unknown':
      if (action.kind === 'park') return state === undefined ? { state: action.call } : 'no';
      if (action.kind === 'get' || state === undefined) return 'no';
      return action.call === undefined || action.call === state ? { state: undefined } : 'no';
  }
}
