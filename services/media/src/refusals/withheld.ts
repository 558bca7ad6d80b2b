import type { EslHeaders } from '@parkade/esl';

/** What is shown for a caller who withholds his name. */
export const WITHHELD_NAME = 'Anonymous';

/** Values of a SIP `Privacy` header that withhold who calls (RFC 3323, RFC 3325). */
const WITHHOLDS = new Set(['id', 'user', 'header', 'full']);

/**
 * Whether a caller withholds who he is, as he asked for (`Privacy`) and as the switch has read it from Remote-Party-ID or set it.
 * One who withholds his number by a header withholds his name as well.
 */
export function withheld(headers: EslHeaders): { readonly name: boolean; readonly number: boolean } {
  const get = (name: string): string => headers.get(name) ?? '';
  const asked = ['variable_sip_Privacy', 'variable_sip_h_Privacy', 'variable_sip_i_privacy'].flatMap((name) =>
    get(name)
      .toLowerCase()
      .replace(/^privacy:/, '')
      .split(/[;,\s]+/),
  );
  if (asked.some((value) => WITHHOLDS.has(value))) return { name: true, number: true };
  return {
    name: get('Caller-Privacy-Hide-Name') === 'true',
    number: get('Caller-Privacy-Hide-Number') === 'true',
  };
}
