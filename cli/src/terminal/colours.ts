import { PresenceType } from '@parkade/proto';

/** ANSI colours, for terminals only: with `on` false a text stays as it is. */
export const COLOURS = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

export function coloured(text: string, colour: keyof typeof COLOURS, on: boolean): string {
  return on ? `\u001b[${COLOURS[colour]}m${text}\u001b[0m` : text;
}

/** A lamp: lit (steady or blinking) or dark. */
export function lampMark(presence: PresenceType, colour: boolean): string {
  switch (presence) {
    case PresenceType.CONFIRMED:
      return coloured('●', 'red', colour);
    case PresenceType.EARLY:
      return coloured('◐', 'yellow', colour);
    default:
      return coloured('○', 'dim', colour);
  }
}
