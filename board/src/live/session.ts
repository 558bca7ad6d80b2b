/** Who is signed in at this window: a tenant and a token. Kept for the window alone, and forgotten with it. */
export interface Session {
  /** Empty: the one the token is for. */
  readonly tenantId: string;
  /** Empty: none. */
  readonly token: string;
}

const TOKEN_KEY = 'parkade-token';
const TENANT_KEY = 'parkade-tenant';

/** The tenant may stand in the address (`?tenant=`); the token never does. */
export function savedSession(): Session {
  const named = new URLSearchParams(location.search).get('tenant');
  return {
    tenantId: named ?? sessionStorage.getItem(TENANT_KEY) ?? '',
    token: sessionStorage.getItem(TOKEN_KEY) ?? '',
  };
}

export function saveSession({ tenantId, token }: Session): void {
  sessionStorage.setItem(TENANT_KEY, tenantId);
  sessionStorage.setItem(TOKEN_KEY, token);
}

/** My extension, remembered on this machine. */
export const myExtension = {
  get: (): string => localStorage.getItem('parkade-extension') ?? '',
  set: (extension: string): void => localStorage.setItem('parkade-extension', extension),
};
