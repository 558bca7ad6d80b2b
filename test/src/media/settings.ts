/** A slot whose call comes back after a second, and rings for two. */
const COMES_BACK = { ringback_timeout: 1_000, callback_timeout: 2_000 };

/**
 * Two tenants. `acme`: slots 701 to 704 without timers, 721 to 722 that come back to their parker, a lot `small` of two slots
 * for phones of the context `small`, extensions, and a group. `beta`: somebody else, on the same nodes.
 */
export const SETTINGS = {
  tenants: {
    acme: {
      settings: { ringback_timeout_ms: 0, transfer_grace_ms: 2_000, recall: { attempts: 2, retry_interval_ms: 1_000 } },
      lots: {
        default: {
          ranges: [
            { first: '701', last: '704' },
            { first: '721', last: '722' },
          ],
          slots: { '721': COMES_BACK, '722': COMES_BACK },
        },
        small: { ranges: [{ first: '711', last: '712' }] },
      },
      groups: { sales: { members: [{ extension: '1001' }, { extension: '1002' }] } },
    },
    beta: { settings: { ringback_timeout_ms: 0 }, lots: { default: { ranges: [{ first: '701', last: '703' }] } } },
  },
};

/** Whose calls these are: by what the switch knows of a phone, never by what a phone says. */
export const MEDIA_FILE = {
  tenants: [
    { tenant_id: 'beta', domain: 'beta.example' },
    { tenant_id: 'acme', domain: 'acme.example', context: 'small', lot_id: 'small' },
    { tenant_id: 'acme', domain: 'acme.example', context: 'default' },
  ],
  limits: { give_up_ms: 30_000, pending_ms: 3_000 },
  domains: { acme: 'acme.example', beta: 'beta.example' },
};
