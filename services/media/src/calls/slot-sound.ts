import type { Announcements } from '../config.js';

/** A slot as the switch is told to say it, digit by digit (R21); empty: it has no digits. */
export function slotSound(slot: string, { digit: file }: Announcements): string {
  const digits = slot.match(/\d/g) ?? [];
  if (digits.length === 0) return '';
  return `file_string://${digits.map((digit) => file.replace('{digit}', digit)).join('!')}`;
}
