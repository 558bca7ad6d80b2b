import { invalidField } from '@parkade/admin';
import { RecallTo } from '@parkade/proto/admin';
import type { Refused } from '@parkade/rpc';
import { RECALL_TO, type RecallTo as Word } from '@parkade/settings';

/** A recall mode as the settings have it; undefined: unspecified. */
export function recallToOf(value: RecallTo | undefined): { readonly word: Word | undefined } | Refused {
  if (value === undefined || value === RecallTo.UNSPECIFIED) return { word: undefined };
  const word = RECALL_TO.find((one) => RecallTo[one] === value);
  return word === undefined ? invalidField('recall_to', `must be one of ${RECALL_TO.join(', ')}`) : { word };
}

/** The same in the protos. */
export function recallToProto(word: Word | undefined): RecallTo {
  return word === undefined ? RecallTo.UNSPECIFIED : RecallTo[word];
}
