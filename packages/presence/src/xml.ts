/** Everything XML 1.0 has no way to say, not even escaped: most control characters, halves of surrogate pairs, U+FFFE, U+FFFF. */
const UNSAYABLE = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  // A parser would normalise these to blanks.
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

/** ASCII that reads the same in XML: nearly all there is to write, told in one look instead of two rewrites. */
const PLAIN = /^[ !#-%(-;=?-~]*$/;

/** Text for an element or a quoted attribute: reads back as it was; what XML cannot say becomes U+FFFD. */
export function escapeXml(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(UNSAYABLE, '\uFFFD').replace(/[&<>"'\t\n\r]/g, (char) => ESCAPES[char] ?? '');
}
