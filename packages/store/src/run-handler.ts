/** Runs a watch handler. One that throws is a bug: it surfaces as an uncaught error, and delivery goes on. */
export function runHandler(handler: () => void): void {
  try {
    handler();
  } catch (error: unknown) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
