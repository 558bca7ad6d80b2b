/**
 * Keys are ordered by their UTF-8 bytes, JavaScript orders strings by UTF-16 units. The order key of a key is a string
 * whose plain `<` is the order of the UTF-8 bytes: the key itself where it is ASCII, else its bytes as Latin-1.
 */
export function orderKey(key: string): string {
  return NON_ASCII.test(key) ? Buffer.from(key, 'utf8').toString('latin1') : key;
}

const NON_ASCII = /[^\0-\x7f]/;
