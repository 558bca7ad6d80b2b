import type { ListQuery as Query, Page } from '@parkade/admin';
import { Reason } from '@parkade/proto';
import type { ListQuery, PageInfo } from '@parkade/proto/admin';
import { Refused } from '@parkade/rpc';

/** What lists call a field of the protos. */
const NAMES: Readonly<Record<string, string>> = {
  orderby: 'order_by',
  top: 'page_size',
  after: 'page_token',
};

/** A list's query as the lists know it. */
export function queryOf(query: ListQuery | undefined): Query {
  if (query === undefined) return {};
  const { filter, search, orderBy: orderby, skip, pageSize, pageToken } = query;
  return {
    ...{ filter, search, orderby, skip },
    ...(pageSize === 0 ? {} : { top: pageSize }),
    ...(pageToken === '' ? {} : { after: pageToken }),
  };
}

/** What an answer says of its page; `items` are those of the answer. */
export function paged<Item, Shown, Answer>(
  page: Page<Item> | Refused,
  show: (item: Item) => Shown,
  answer: (items: Shown[], page: PageInfo) => Answer,
): Answer | Refused {
  if (page instanceof Refused) return inProtoWords(page);
  return answer(page.items.map(show), { totalCount: page.count, nextPageToken: page.next ?? '' });
}

/** What a list refuses, with the names its query has in the protos. */
export function inProtoWords(refused: Refused): Refused {
  const { reason, message, metadata } = refused;
  const field = metadata['field'] ?? '';
  const name = NAMES[field];
  if (reason !== Reason.INVALID_FIELD || name === undefined) return refused;
  return new Refused(reason, message.replace(field, name), { ...metadata, field: name });
}
