import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, test } from "vitest";

const { resolve } = createRequire(import.meta.url);
const PROJECT = join(import.meta.dirname, "..", "..");

test("each Mantine component of the page has its styles", async () => {
  const { build } = await import("vite");
  const built = await build({
    configFile: join(PROJECT, "vite.config.ts"),
    logLevel: "error",
    build: { write: false },
  });
  const files = [built].flat().flatMap((each) => ("output" in each ? each.output : []));
  const scripts = files.flatMap((file) => (file.type === "chunk" ? [file.code] : [])).join("\n");
  const styles = files.flatMap((file) =>
    file.type === "asset" && file.fileName.endsWith(".css") ? [String(file.source)] : [],
  );
  const styled = classesIn(styles.join("\n"));
  const known = classesIn(readFileSync(resolve("@mantine/core/styles.css"), "utf8"));
  const used = [...classesIn(scripts)].filter((name) => known.has(name));
  expect(used.length).toBeGreaterThan(100);
  expect(used.filter((name) => !styled.has(name))).toEqual([]);
});

/** Mantine names its classes by a digest of their origin. */
function classesIn(text: string): Set<string> {
  return new Set(text.match(/\bm_[0-9a-f]{5,8}\b/g));
}
