/** The CLI's own record of a session, `<folder>/<session id>.jsonl`: it may have what the CLI did not print. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isObject, parseJson } from "../../http/json.ts";
import { textOf } from "./cli-output.ts";

/** The assistant's last text; empty if there is none. */
export function lastTextOf(folder: string | undefined, sessionId: string | null): string {
  if (folder === undefined || sessionId === null || !/^[\w-]{1,100}$/.test(sessionId)) return "";
  let lines: string[];
  try {
    lines = readFileSync(join(folder, `${sessionId}.jsonl`), "utf8").split("\n");
  } catch {
    return "";
  }
  const texts = lines.flatMap((line) => {
    const entry = parseJson(line);
    return isObject(entry) && entry.type === "assistant" ? [textOf(entry.message)] : [];
  });
  return texts.findLast((text) => text !== "") ?? "";
}
