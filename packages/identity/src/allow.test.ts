import { Reason } from '@parkade/proto';
import { describe, expect, it } from 'vitest';
import { allow, allowSomewhere, onlyInLots, tenantNotFound } from './allow.js';
import { DEFAULT_CLAIM, principalOf } from './claims.js';
import { OPEN_PRINCIPAL, type Principal, ROLES } from './principal.js';

function holder(rights: unknown): Principal {
  const principal = principalOf({ sub: 'alice', parkade: rights }, DEFAULT_CLAIM, 1_000);
  if (principal === undefined) throw new Error('malformed');
  return principal;
}

describe('allow', () => {
  const alice = holder({
    tenants: { acme: { roles: ['view'], lots: { sales: ['park'] } }, boss: { roles: ['admin'] } },
  });

  it('gives what the tenant gives in each of its lots, and what a lot gives in that lot alone', () => {
    expect(allow(alice, 'view', 'acme')).toBeUndefined();
    expect(allow(alice, 'view', 'acme', 'any')).toBeUndefined();
    expect(allow(alice, 'park', 'acme', 'sales')).toBeUndefined();
    expect(allow(alice, 'park', 'acme', 'other')).toMatchObject({
      reason: Reason.PERMISSION_DENIED,
      metadata: { action: 'park', tenant_id: 'acme', lot_id: 'other' },
    });
    expect(allow(alice, 'park', 'acme')?.reason).toBe(Reason.PERMISSION_DENIED);
    expect(allow(alice, 'retrieve', 'acme', 'sales')?.reason).toBe(Reason.PERMISSION_DENIED);
  });

  it('answers for another tenant as for one that does not exist', () => {
    for (const role of ROLES) expect(allow(alice, role, 'other', 'sales')).toEqual(tenantNotFound('other'));
    expect(allow(holder({ tenants: { other: { roles: [] } } }), 'view', 'other')).toEqual(tenantNotFound('other'));
  });

  it('lets an administrator do everything in the tenant, but nothing to the cluster', () => {
    for (const role of ROLES) expect(allow(alice, role, 'boss', 'any')).toBeUndefined();
    expect(allow(alice, 'operator', 'boss')?.reason).toBe(Reason.PERMISSION_DENIED);
  });

  it('lets an operator, and everybody where no tokens are asked for, do everything', () => {
    for (const principal of [holder({ operator: true }), OPEN_PRINCIPAL]) {
      for (const action of [...ROLES, 'operator'] as const) expect(allow(principal, action, 'any')).toBeUndefined();
    }
  });

  it('tells who holds a right in single lots only', () => {
    expect(allowSomewhere(alice, 'park', 'acme')).toBeUndefined();
    expect(allowSomewhere(alice, 'retrieve', 'acme')?.reason).toBe(Reason.PERMISSION_DENIED);
    expect(allowSomewhere(alice, 'park', 'other')).toEqual(tenantNotFound('other'));
    expect([onlyInLots(alice, 'park', 'acme'), onlyInLots(alice, 'view', 'acme')]).toEqual([true, false]);
  });
});

describe('the claim of rights', () => {
  it('is refused when malformed, and gives nothing for what it does not know', () => {
    for (const bad of [7, 'view', { tenants: [] }, { operator: 'yes' }, { tenants: { a: { roles: 'view' } } }]) {
      expect(principalOf({ sub: 'a', parkade: bad }, DEFAULT_CLAIM, 0)).toBeUndefined();
    }
    expect(principalOf({ parkade: {} }, DEFAULT_CLAIM, 0)).toBeUndefined();
    expect(holder(undefined).tenants.size).toBe(0);
    const newer = holder({ colour: 1, tenants: { a: { roles: ['view', 'teleport'] } } });
    expect([...(newer.tenants.get('a')?.roles ?? [])]).toEqual(['view']);
  });

  it('may have another name', () => {
    const payload = {
      sub: 'a',
      parkade: { operator: true },
      'https://x/rights': { tenants: { t: { roles: ['view'] } } },
    };
    const principal = principalOf(payload, 'https://x/rights', 5);
    expect(principal).toMatchObject({ operator: false, expiresAtMs: 5 });
  });
});
