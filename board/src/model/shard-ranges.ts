/** Numbers as ranges: `0-3, 7, 9-10`. `numbers` rises. */
export function rangesText(numbers: readonly number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < numbers.length;) {
    let j = i;
    while (numbers[j + 1] === (numbers[j] ?? 0) + 1) j++;
    parts.push(i === j ? `${numbers[i] ?? ''}` : `${numbers[i] ?? ''}-${numbers[j] ?? ''}`);
    i = j + 1;
  }
  return parts.join(', ');
}
