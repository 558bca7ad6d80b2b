import { expect, it } from 'vitest';
import { runCli, startCli } from './support/process.js';

it('the demo shows what it promises on a machine with only Node, without colours in a pipe, and ends well', async () => {
  const { code, stdout, stderr } = await runCli(['demo'], { PATH: '' });
  expect([code, stderr]).toEqual([0, '']);
  const shown = stdout.slice(stdout.indexOf('Shown in'));
  expect(shown.split('\n').filter((line) => line.startsWith('  - '))).toEqual([
    '  - on simulated switches: a call parked by transfer',
    '  - on simulated switches: a recall to the parker',
    '  - on simulated switches: an unanswered recall re-parked',
    '  - on simulated switches: the call retrieved from the other node',
    '  - on simulated switches: no leg left behind at either node',
    '  - a call parked by number',
    '  - a call parked in the next free slot',
    '  - a second park on a taken slot refused, with its reason',
    '  - the call retrieved',
    '  - a second retrieve refused: nobody is connected to a stranger',
    '  - the same by park id: already retrieved',
    '  - an owner stopped without a hand-over, and its parked call retrieved all the same',
  ]);
  const life = stdout.slice(0, stdout.indexOf('> Alice parks'));
  expect(life.split('\n').filter((line) => /^(>| {2}(ok|.) {2})/u.test(line))).toEqual([
    '> Grace calls Alice, whose phone is at fs-1; Alice transfers her to 701',
    expect.stringMatching(/^ {2}ok {2}parked in 701, durable; Grace hears music; comes back to Alice (in \ds|now)$/),
    '  ◐   the watcher sees lamp 701 go on for Grace Hopper',
    '> Nobody fetches Grace: the call comes back to Alice, who is at lunch',
    `  ok  Alice's phone rings: "Parking slot 701 - Grace Hopper" <5550103>; Grace still hears music`,
    '  ok  unanswered: re-parked in 701, the timer restarted',
    '  ◐   the watcher sees lamp 701 go on for Grace Hopper',
    '> Bob, whose phone is at fs-2, dials 701',
    '  ok  Bob talks to Grace: his call was sent to her node under a number that is good once',
    '  ○   the watcher sees lamp 701 go off',
    '  ok  Bob hangs up: both legs are gone',
  ]);
  expect(life).toMatch(/Two simulated FreeSWITCH nodes, fs-1 and fs-2: no SIP, no audio/);
  expect(stdout).toMatch(/the watcher sees lamp 701 go on for Ada Lovelace/);
  expect(stdout).toMatch(/the watcher sees lamp 701 go off/);
  expect(stdout).not.toContain('\u001b');
});

it('the demo with --keep goes on serving where it says, until it is told to stop', async () => {
  const demo = startCli('demo', ['demo', '--keep']);
  try {
    const [, address = ''] = await demo.printed(/slots --gateway (\S+)/);
    await demo.printed(/Stop it with Ctrl-C/);
    const parked = await runCli([
      'park',
      '--gateway',
      address,
      '--slot',
      '702',
      '--call-id',
      'call-1',
      '--timeout',
      '15s',
    ]);
    expect(parked).toMatchObject({ code: 0, stderr: '' });
    demo.signal('SIGTERM');
    expect(await demo.ended()).toBe(0);
  } finally {
    demo.signal('SIGKILL');
  }
});
