import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const FOLDER = import.meta.dirname;

/** A command or an option of the lab's own terminal host, in a hint that is the same for every host. */
const TERMINAL_ONLY =
  /hint:\s*(?:"[^"]*|`[^`]*?)(?:--(?:driver|ports|project|stack|accept-existing|allow-remote-docker|raw)\b)/g;

test("what the engine advises names options of the terminal to a terminal alone", () => {
  const files = readdirSync(FOLDER, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".ts") && !file.endsWith(".test.ts"),
  );
  expect(files.length).toBeGreaterThan(100);
  const found = files.flatMap((file) =>
    [...readFileSync(join(FOLDER, file), "utf8").matchAll(TERMINAL_ONLY)].map(([text]) => `${file}: ${text}`),
  );
  expect(found).toEqual([]);
});

test.each(['hint: "use --driver docker"', "hint: `add it with --stack FILE`", 'hint:\n  "or with --ports auto"'])(
  "%s is found",
  (text) => expect(text.match(TERMINAL_ONLY)).not.toBeNull(),
);
