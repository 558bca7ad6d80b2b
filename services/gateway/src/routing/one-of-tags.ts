import { BinaryReader } from '@parkade/proto/wire';

/**
 * The tags under which a message holds the cases of its oneof, as the generated code writes them. `encode`: the message with this case
 * alone in it, empty.
 */
export function oneOfTags<Name extends string>(
  names: readonly Name[],
  encode: (name: Name) => { finish(): Uint8Array },
): { readonly tagOf: ReadonlyMap<Name, number>; readonly nameOf: ReadonlyMap<number, Name> } {
  const tagOf = new Map(names.map((name) => [name, new BinaryReader(encode(name).finish()).uint32()]));
  const nameOf = new Map([...tagOf].map(([name, tag]) => [tag, name]));
  return { tagOf, nameOf };
}
