/** A length of time as a clock shows it: `0:05`, `12:34`, `1:02:03`. Whole seconds, never negative. */
export function clockText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  const tail = String(s).padStart(2, '0');
  return h > 0 ? `${h}:${String(m).padStart(2, '0')}:${tail}` : `${m}:${tail}`;
}

/** The same as it is spoken: `5 seconds`, `2 minutes 1 second`, `1 hour 3 minutes`. At most two parts. */
export function spokenText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const parts = [
    [Math.floor(seconds / 3_600), 'hour'],
    [Math.floor(seconds / 60) % 60, 'minute'],
    [seconds % 60, 'second'],
  ] as const;
  const said = parts.filter(([count]) => count > 0).slice(0, 2);
  if (said.length === 0) return '0 seconds';
  return said.map(([count, unit]) => `${count} ${unit}${count === 1 ? '' : 's'}`).join(' ');
}

/** How long until something at `atMs`; 0: it never comes. */
export function untilText(atMs: number, nowMs: number): string {
  if (atMs === 0) return 'never';
  return atMs <= nowMs ? 'now' : clockText(atMs - nowMs);
}
