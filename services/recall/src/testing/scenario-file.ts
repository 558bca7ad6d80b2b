// A scenario file tells a story: paragraphs of commands, a line of dashes, and what they led to. A paragraph without dashes,
// and a line that begins with `#`, is the narrator's.

/** A paragraph of the file: words of the narrator, or commands and what they led to. */
export type Paragraph = { readonly words: string } | { readonly commands: readonly string[] };

export function readScenario(text: string): Paragraph[] {
  return text
    .trim()
    .split(/\n{2,}/)
    .map((paragraph): Paragraph => {
      const lines = paragraph.split('\n');
      const dashes = lines.indexOf('----');
      return dashes < 0 ? { words: paragraph } : { commands: lines.slice(0, dashes) };
    });
}

/** The file again, with what `run` says each paragraph of commands leads to. */
export async function playScenario(
  paragraphs: readonly Paragraph[],
  run: (command: string) => Promise<readonly string[]>,
): Promise<string> {
  const out: string[] = [];
  for (const paragraph of paragraphs) {
    if ('words' in paragraph) {
      out.push(paragraph.words);
      continue;
    }
    const said: string[] = [];
    for (const command of paragraph.commands) if (!command.startsWith('#')) said.push(...(await run(command)));
    out.push([...paragraph.commands, '----', ...said].join('\n'));
  }
  return `${out.join('\n\n')}\n`;
}
