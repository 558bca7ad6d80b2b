/** What became of a phone that was rung, as the hang-up cause of the attempt tells it. */
export type RingFailure = 'busy' | 'no-answer' | 'unregistered' | 'failed';

const FAILURES: Readonly<Record<string, RingFailure>> = {
  USER_BUSY: 'busy',
  CALL_REJECTED: 'busy',
  NO_ANSWER: 'no-answer',
  NO_USER_RESPONSE: 'no-answer',
  ALLOTTED_TIMEOUT: 'no-answer',
  PROGRESS_TIMEOUT: 'no-answer',
  ORIGINATOR_CANCEL: 'no-answer',
  SUBSCRIBER_ABSENT: 'unregistered',
  USER_NOT_REGISTERED: 'unregistered',
  UNALLOCATED_NUMBER: 'unregistered',
};

/** Reads `-ERR CAUSE`. */
export function ringFailure(text: string): RingFailure {
  return FAILURES[text.replace(/^-ERR /, '').trim()] ?? 'failed';
}
