import { connect } from '@parkade/client';
import { Concierge } from './concierge.js';

// node examples/concierge/dist/main.js 127.0.0.1:7275,127.0.0.1:7276 demo
const [gateways = '127.0.0.1:7275', tenant = 'demo'] = process.argv.slice(2);
const parkade = connect({ gateways: gateways.split(','), token: process.env['PARKADE_TOKEN'] });
const concierge = new Concierge(parkade.tenant(tenant), (line) => void process.stdout.write(`${line}\n`));

const closing = new AbortController();
const board = concierge.board(closing.signal);
const caller = { mediaNode: 'lobby', callId: `call-${process.pid}`, callerName: 'Ada', callerNumber: '555' };
const waiting = await concierge.hold(caller, 'Mr Babbage');
if (waiting !== undefined) {
  await concierge.fetch(waiting.slot, { mediaNode: 'lobby', callId: `phone-${process.pid}` });
  await concierge.fetch(waiting.slot, { mediaNode: 'lobby', callId: `late-${process.pid}` });
}
closing.abort();
await board;
parkade.close();
