/** A count an owner may always add while it is below the limit, as far as it has heard: few calls never wait for news. */
export const FREE_ADDITIONS = 4;

/** Of the limit, what all members together may leave untold. */
const UNTOLD = 1 / 8;

/** Used beyond this part of the limit, members tell exact numbers. */
const EXACT_FROM = 3 / 4;

/**
 * Up to which count one of `members` may go on by itself, until news of the others comes: what it has told them, and its share of
 * what is free, or a few where the share is less. Pure.
 *
 * Members hear of each other every half second. Until then each of n may add its share at most, and may have an n-th of an eighth
 * of the limit untold: all together never have more than `limit + limit / 8 + 4 * n`, while news comes in time; and alone it is
 * exactly the limit.
 */
export function allowedCount(limit: number, told: number, elsewhere: number, members: number): number {
  if (members <= 1) return limit;
  const free = Math.max(0, limit - told - elsewhere);
  return told + Math.max(Math.ceil(free / members), Math.min(free, FREE_ADDITIONS));
}

/**
 * What a member tells of `count`: rounded down far below the limit, so that little is written while little is used; exact close
 * to it. Pure.
 */
export function toldCount(limit: number, count: number, elsewhere: number, members: number): number {
  if (count + elsewhere >= limit * EXACT_FROM) return count;
  const step = Math.max(1, Math.floor((limit * UNTOLD) / members));
  return Math.floor(count / step) * step;
}
