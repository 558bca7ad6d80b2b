// A scenario file tells a story: paragraphs of commands, a line of dashes, and what they led to. Anything in a paragraph
// without dashes, and every line that begins with `#`, is the narrator's.

/** A part of the file: words of the narrator, or commands and what they led to. */
export type Scene =
  | { readonly kind: 'words'; readonly text: string }
  | { readonly kind: 'play'; readonly commands: readonly string[]; readonly output: string };

/** The scenes of a scenario file. */
export function readScenes(text: string): Scene[] {
  return text
    .trim()
    .split(/\n{2,}/)
    .map((paragraph): Scene => {
      const [before = '', after] = paragraph.split(/^----$/m);
      if (after === undefined) return { kind: 'words', text: paragraph };
      const lines = before.split('\n').map((line) => line.trim());
      return { kind: 'play', commands: lines.filter((line) => line !== ''), output: after.trim() };
    });
}

/** The file again, with what `run` says each command leads to. */
export function writeScenes(scenes: readonly Scene[], run: (command: string) => readonly string[]): string {
  const paragraphs = scenes.map((scene) => {
    if (scene.kind === 'words') return scene.text;
    const said = scene.commands.flatMap((command) => (command.startsWith('#') ? [] : run(command)));
    return [...scene.commands, '----', ...said].join('\n');
  });
  return `${paragraphs.join('\n\n')}\n`;
}
