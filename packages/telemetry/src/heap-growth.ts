import { setFlagsFromString } from 'node:v8';

/** The old generation may grow to three times what was alive in it before it is collected again. */
const GROWING_PERCENT = 200;

/**
 * Lets the heap of this process grow before it is collected whole. After some seconds with little to do V8 lets it grow by a third only, and
 * counts buffers that die young as if they stayed: a process that then gets its full load marks the whole heap two or three times a second,
 * which doubles what a command costs an owner (70 µs, then 138) until the load has lasted. The bound stays `--max-old-space-size`.
 */
export function letHeapGrow(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWING_PERCENT}`);
}
