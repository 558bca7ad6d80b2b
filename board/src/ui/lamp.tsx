import type { LampState } from '../wire.js';

/** In words; the shapes differ, so that nobody has to tell colours apart. */
export const LAMP_WORDS: Readonly<Record<LampState, string>> = { off: 'off', early: 'blinking', confirmed: 'on' };

/** A lamp as phones show it. It does not blink here: a page full of blinking lamps helps nobody. */
export function Lamp({ lamp }: { readonly lamp: LampState }) {
  return (
    <span class={`lamp ${lamp}`} data-lamp={lamp}>
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
        <circle cx="8" cy="8" r="6" />
        {lamp === 'early' && <path d="M8 2a6 6 0 0 1 0 12z" />}
      </svg>
      <span>
        <span class="visually-hidden">Lamp </span>
        {LAMP_WORDS[lamp]}
      </span>
    </span>
  );
}
