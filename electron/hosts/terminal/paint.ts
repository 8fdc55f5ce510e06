import { styleText } from "node:util";

export type Style = Parameters<typeof styleText>[0];
export type Paint = (style: Style, text: string) => string;

/** Colours for a terminal that shows them; plain text for a pipe, NO_COLOR, or a dumb terminal. */
export function paintFor(stream: { isTTY: boolean }, environment: NodeJS.ProcessEnv): Paint {
  const isColoured = stream.isTTY && !environment.NO_COLOR && environment.TERM !== "dumb";
  return (style, text) => (isColoured ? styleText(style, text, { validateStream: false }) : text);
}
