/** A command written as one text, in words: quotes and backslashes as a POSIX shell reads them, nothing expanded. */
export function shellWords(text: string): string[] {
  const words: string[] = [];
  const pattern = /\s*(?:'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)|([^\s'"\\]+))(\s|$)?/gy;
  let word = "";
  let isOpen = false;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const [whole, single, double, escaped, plain, space] = match;
    if (isOpen && /^\s/.test(whole)) {
      words.push(word);
      word = "";
    }
    word += single ?? double?.replaceAll(/\\(["\\$`])/g, "$1") ?? escaped ?? plain ?? "";
    isOpen = space === undefined;
    if (isOpen) continue;
    words.push(word);
    word = "";
  }
  return isOpen ? [...words, word] : words;
}
