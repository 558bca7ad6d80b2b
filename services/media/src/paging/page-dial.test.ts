import { expect, test } from 'vitest';
import { pageDialString } from './page-dial.js';

const leg = { legId: 'a-leg', extension: '1002', domain: 'acme.example', slot: '701', limitMs: 15_000 };

test('a phone is paged as the slot, answers by itself, and is let go by the switch after the limit (R21)', () => {
  expect(pageDialString({ ...leg, autoAnswer: 'answer-after=0' })).toBe(
    '{origination_uuid=a-leg,originate_timeout=15,park_timeout=15,ignore_early_media=true,outbound_redirect_fatal=true,' +
      "origination_caller_id_name='Park 701',origination_caller_id_number='701'," +
      "sip_h_Call-Info='<sip:acme.example>;answer-after=0'}user/1002@acme.example",
  );
});

test('what would be syntax to the switch is not dialled', () => {
  expect(pageDialString({ ...leg, autoAnswer: "x'y" })).toBeUndefined();
  expect(pageDialString({ ...leg, extension: '1002,user/1003', autoAnswer: 'x' })).toBeUndefined();
  expect(pageDialString({ ...leg, domain: 'a b', autoAnswer: 'x' })).toBeUndefined();
});
