import type { ParkView } from './types.js';

/** What a ringing phone shows. */
export interface Presentation {
  readonly name: string;
  /** The caller's own number, as the network gave it (R17). */
  readonly number: string;
  /** Empty: none. */
  readonly alertInfo: string;
}

/** Characters of a shown name at most. */
const MAX_NAME = 128;

/** Presentations of presentations taken off at most. */
const MAX_STACKED = 8;

/** Placeholders of a template that is recognized again. */
const MAX_FIELDS = 4;

/**
 * How the call appears where it rings. `{slot}`, `{name}`, `{number}` and `{parker}` of the template are filled in; a name that
 * is itself such a presentation (the call was parked and rung back before) is taken out of it first, so they never stack.
 */
export function presentation(park: ParkView, template: string, alertInfo: string): Presentation {
  const number = park.call?.callerNumber ?? '';
  const name = unstacked(template, park.call?.callerName ?? '');
  const parker = park.parker?.extension ?? '';
  const fields: Readonly<Record<string, string>> = {
    slot: park.slot,
    name: name === '' ? number : name,
    number,
    parker,
  };
  const shown = template.replace(/\{(\w+)\}/g, (whole, field: string) => fields[field] ?? whole);
  return { name: shown.slice(0, MAX_NAME).trim(), number, alertInfo };
}

function unstacked(template: string, name: string): string {
  // Without words of its own a template leaves no trace to take off.
  const fields: readonly string[] = template.match(/\{\w+\}/g) ?? [];
  if (template.replace(/\{\w+\}/g, '').trim() === '' || !fields.includes('{name}')) return name;
  // Many wildcards would make the search slow, and no template needs them.
  if (fields.length > MAX_FIELDS) return name;
  const pattern = template
    .split(/(\{\w+\})/)
    .map((part) => (part === '{name}' ? '(.*)' : /^\{\w+\}$/.test(part) ? '\\S*' : escaped(part)))
    .join('');
  const stacked = new RegExp(`^${pattern}$`, 'su');
  let bare = name;
  for (let i = 0; i < MAX_STACKED; i++) {
    const inner = stacked.exec(bare)?.[1];
    if (inner === undefined) break;
    bare = inner;
  }
  return bare;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
