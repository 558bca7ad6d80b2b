import { HOLDING_LOT } from '@parkade/ids';
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

/** What is taken off beside the template itself: the usual one, from before somebody changed it. */
const USUAL = 'Parking slot {slot} - {name}';

/** Placeholders of a template that is recognized again. */
const MAX_FIELDS = 4;

/**
 * How the call appears where it rings. `{slot}`, `{name}`, `{number}` and `{parker}` of the template are filled in; a name that
 * is itself such a presentation (the call was parked and rung back before) is taken out of it first, so they never stack. A
 * call of the holding lot has no slot to be shown: its name stands alone.
 */
export function presentation(park: ParkView, template: string, alertInfo: string): Presentation {
  const number = park.call?.callerNumber ?? '';
  const name = unstacked([template, USUAL], park.call?.callerName ?? '');
  const parker = park.parker?.extension ?? '';
  const fields: Readonly<Record<string, string>> = {
    slot: park.slot,
    name: name === '' ? number : name,
    number,
    parker,
  };
  const shown = (park.lotId === HOLDING_LOT ? '{name}' : template).replace(
    /\{(\w+)\}/g,
    (whole, field: string) => fields[field] ?? whole,
  );
  return { name: shown.slice(0, MAX_NAME).trim(), number, alertInfo };
}

function unstacked(templates: readonly string[], name: string): string {
  const patterns = templates.flatMap(patternOf);
  let bare = name;
  for (let i = 0; i < MAX_STACKED; i++) {
    const inner = patterns.map((pattern) => pattern.exec(bare)?.[1]).find((each) => each !== undefined);
    if (inner === undefined) break;
    bare = inner;
  }
  return bare;
}

/** What a name looks like that this template made; none where it leaves no trace, or the search would be slow. */
function patternOf(template: string): RegExp[] {
  const fields: readonly string[] = template.match(/\{\w+\}/g) ?? [];
  const words = template.replace(/\{\w+\}/g, '').trim();
  if (words === '' || !fields.includes('{name}') || fields.length > MAX_FIELDS) return [];
  const pattern = template
    .split(/(\{\w+\})/)
    .map((part) => (part === '{name}' ? '(.*)' : /^\{\w+\}$/.test(part) ? '\\S*' : escaped(part)))
    .join('');
  return [new RegExp(`^${pattern}$`, 'su')];
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
