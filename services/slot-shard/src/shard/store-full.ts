import { type CommandAnswer, Reason } from '@parkade/proto';
import { StoreError } from '@parkade/store';
import { refusalAnswer } from './pending.js';

/** Whether the store refused to write because its space is used up. */
export function isFull(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'no-space';
}

/** What is answered then. */
export function storeFull(): CommandAnswer {
  const message =
    'The store has used up its space and takes no writes until an operator has made room (compact, defragment, disarm the ' +
    'alarm); what is parked stays parked. Ask again later with the same request id.';
  return refusalAnswer(Reason.STORE_FULL, message);
}
