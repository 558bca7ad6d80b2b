/**
 * A value as an `originate` variable. FreeSWITCH reads quotes, backslashes, brackets, commas and `${…}` in it, at two levels
 * and not the same way; what only looks like them takes their place, so that nothing a caller wrote is ever read as syntax.
 */
export function quotedVariable(value: string): string {
  return `'${plainText(value)}'`;
}

/** A value for `uuid_setvar_multi`, where `;` separates. */
export function listVariable(value: string): string {
  return plainText(value).replaceAll(';', ',');
}

/** Text without anything that a FreeSWITCH command line gives a meaning. */
export function plainText(value: string): string {
  return value
    .replace(/[\p{Cc}\u2028\u2029]/gu, ' ')
    .replaceAll("'", '’')
    .replaceAll('"', '”')
    .replaceAll('\\', '/')
    .replace(/[{<[]/g, '(')
    .replace(/[}>\]]/g, ')')
    .replace(/[$`|^]/g, '')
    .trim();
}

/** Whether text can stand in a command as one word. */
export function isWord(text: string): boolean {
  return /^[A-Za-z0-9_.:@/*#+~%!?=&,-]+$/.test(text) && !text.includes('${');
}

/** Whether it can be the id of a leg. */
export function isLegId(text: string): boolean {
  return /^[A-Za-z0-9-]{1,64}$/.test(text);
}
