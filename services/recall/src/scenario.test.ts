import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { playScenario, readScenario } from './testing/scenario-file.js';
import { ScenarioWorld } from './testing/scenario-world.js';

// What the commands of testdata/*.txt lead to is written under them. With REWRITE_SCENARIOS=1 in the environment it is
// written anew, for the eyes of whoever reads the difference.
const directory = new URL('testdata/', import.meta.url);
const rewrite = process.env['REWRITE_SCENARIOS'] === '1';

describe('the stories of testdata', () => {
  it.each(readdirSync(directory).filter((file) => file.endsWith('.txt')))('%s goes as it is told', async (file) => {
    const url = new URL(file, directory);
    const text = readFileSync(url, 'utf8');
    const world = new ScenarioWorld();
    const played = await playScenario(readScenario(text), (command) => world.run(command));
    if (rewrite) writeFileSync(url, played);
    else expect(played).toBe(text);
  });
});
