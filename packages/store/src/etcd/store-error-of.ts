import { status, type ServiceError } from '@grpc/grpc-js';
import { StoreError } from '../store.js';

/** What a failed call did: nothing can have changed, or it was a write whose effect is not known. */
export type CallKind = 'read' | 'write';

/**
 * The store's error for an error of gRPC or etcd. A refusal that etcd gives before it proposes the request is a known
 * outcome; all else leaves the outcome of a write unknown (S6).
 */
export function storeErrorOf(error: unknown, kind: CallKind): StoreError {
  if (error instanceof StoreError) return error;
  if (!isServiceError(error)) {
    return new StoreError('unavailable', String(error), kind === 'write', { cause: error });
  }
  const make = (code: StoreError['code'], unknown: boolean): StoreError =>
    new StoreError(code, error.details, unknown && kind === 'write', { cause: error });
  switch (error.code) {
    case status.INVALID_ARGUMENT:
    case status.PERMISSION_DENIED:
    case status.UNIMPLEMENTED:
      return make('invalid', false);
    case status.OUT_OF_RANGE:
      return make(error.details.includes('compacted') ? 'compacted' : 'invalid', false);
    case status.NOT_FOUND:
      return make('lease-not-found', false);
    case status.UNAUTHENTICATED:
    case status.FAILED_PRECONDITION:
      return make('unavailable', false);
    case status.RESOURCE_EXHAUSTED:
      // The member that applies a write over the quota applies it and then answers with this error.
      if (error.details.includes('database space exceeded')) return make('no-space', true);
      return make('unavailable', !error.details.includes('too many requests'));
    case status.OK:
    case status.CANCELLED:
    case status.UNKNOWN:
    case status.DEADLINE_EXCEEDED:
    case status.ALREADY_EXISTS:
    case status.ABORTED:
    case status.INTERNAL:
    case status.UNAVAILABLE:
    case status.DATA_LOSS:
      return make('unavailable', true);
  }
}

export function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'details' in error;
}

/** Whether etcd no longer accepts our token; it refuses such a call before it looks at it. */
export function isStaleToken(error: unknown): boolean {
  return isServiceError(error) && error.details.includes('invalid auth token');
}
