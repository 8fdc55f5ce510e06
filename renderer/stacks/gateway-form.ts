import { type GatewayAddress, gatewayAddress } from "../../electron/contract/stacks.ts";

interface Entered {
  /** Undefined while something is missing or wrong. */
  gateway: GatewayAddress | undefined;
  /** Nothing is wrong with what is still empty. */
  problems: { url?: string; headers?: string };
}

/** The address that a person enters: a URL, and lines of `NAME=VALUE` as in a terminal. */
export function gatewayIn(url: string, lines: string): Entered {
  const entered = lines.split("\n").map((line) => line.trim());
  const headers = entered
    .filter((line) => line !== "")
    .map((line): [string, string] => {
      const at = line.indexOf("=");
      return at < 0 ? [line, ""] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    });
  const parsed = gatewayAddress.safeParse({ url: url.trim(), headers: Object.fromEntries(headers) });
  if (parsed.success) return { gateway: parsed.data, problems: {} };
  const problems: Entered["problems"] = {};
  for (const { path, message } of parsed.error.issues) {
    if (path[0] === "headers") problems.headers ??= `${String(path[1])}: ${message}`;
    else if (url.trim() !== "") problems.url ??= message;
  }
  return { gateway: undefined, problems };
}
