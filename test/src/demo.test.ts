import { expect, it } from 'vitest';
import { runCli, startCli } from './support/process.js';

it('the demo shows what it promises on a machine with only Node, without colours in a pipe, and ends well', async () => {
  const { code, stdout, stderr } = await runCli(['demo'], { PATH: '' });
  expect([code, stderr]).toEqual([0, '']);
  const shown = stdout.slice(stdout.indexOf('Shown in'));
  expect(shown.split('\n').filter((line) => line.startsWith('  - '))).toEqual([
    '  - a call parked by number',
    '  - a call parked in the next free slot',
    '  - a second park on a taken slot refused, with its reason',
    '  - the call retrieved',
    '  - a second retrieve refused: nobody is connected to a stranger',
    '  - the same by park id: already retrieved',
    '  - an owner stopped without a hand-over, and its parked call retrieved all the same',
  ]);
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
