import { StoreError } from '@parkade/store';

/** The lease a put was to be attached to is gone. */
export function isLeaseGone(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'lease-not-found';
}

/** The call was wrong: it changed nothing and never will. */
export function isInvalid(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'invalid';
}
