import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { LICENCES, OWN_LICENCE } from "./licences.ts";

const project = new URL("../../", import.meta.url);
const packageAt = (path: string) =>
  JSON.parse(readFileSync(new URL(path, project), "utf8")) as {
    license: string;
    dependencies?: Record<string, string>;
  };

describe("the licences that are shown", () => {
  it.each(LICENCES)("are those of the packages: $packageName", ({ packageName, licence }) => {
    expect(packageAt(`node_modules/${packageName}/package.json`).license).toBe(licence);
  });

  it("is the lab's own", () => {
    expect(packageAt("package.json").license).toBe(OWN_LICENCE);
  });
});
