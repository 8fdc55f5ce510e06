import { styleText } from "node:util";

export type Style = Parameters<typeof styleText>[0];
export type Paint = (style: Style, text: string) => string;

/** Colours for a terminal that shows them; plain text for a pipe, NO_COLOR, or a dumb terminal. */
export function paintFor(stream: NodeJS.WriteStream, environment: NodeJS.ProcessEnv): Paint {
  const isColoured = stream.isTTY && !environment.NO_COLOR && environment.TERM !== "dumb";
  return (style, text) => (isColoured ? styleText(style, text, { validateStream: false }) : text);
}

/** Removes control characters from output of a stack or a tool: none of its escape sequences reaches the terminal. */
export function harmless(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are to be removed
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "\u00b7");
}
