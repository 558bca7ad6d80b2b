/** Throws what a subscriber's handler threw where nothing catches it: that is a bug, and hiding it would not end it. */
export function rethrow(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
