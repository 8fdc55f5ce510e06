import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SCENARIO_SOURCE_LIMIT } from "../../../contract/scenarios.ts";
import { temporaryFolder } from "../../../testing/temporary-folder.ts";
import { Redactor } from "../../redaction/redactor.ts";
import { loadText } from "../../scenarios/load.ts";
import { ScenarioLibrary } from "./scenario-library.ts";

const VALID = `id: undone
title: One of my own
patterns: [timeout]
steadyState: [{ service: gateway, is: up }]
method: [{ wait: 10ms }]
expect: [{ within: 20s }]
`;
const BROKEN = VALID.replace("method", "metod");

/** A library on a folder with these files. */
function libraryOf(files: Record<string, string | Buffer>) {
  const home = temporaryFolder();
  const folder = join(home, "scenarios");
  mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const library = new ScenarioLibrary(loadText(VALID.replace("id: undone", "id: shipped"), "shipped.yaml"), folder);
  return {
    home,
    folder,
    library,
    files: () => readdirSync(folder).sort(),
    broken: () => library.list().broken.map(({ name }) => name),
    own: () =>
      library.list().scenarios.flatMap(({ loaded, origin }) => (origin === "user" ? [loaded.scenario.id] : [])),
  };
}

test("a broken file is given as it is, with where it is wrong", () => {
  const { library } = libraryOf({ "broken file.yml": BROKEN });
  expect(library.getBroken("broken file.yml")).toEqual({ name: "broken file.yml", source: BROKEN });
  const [listed] = library.list().broken;
  expect(listed).toMatchObject({ name: "broken file.yml", cannotOpenBecause: null });
  expect(listed?.problems).toContainEqual(expect.objectContaining({ line: 5 }));
});

test("the user's own scenarios come before the shipped ones", () => {
  const { library } = libraryOf({ "undone.yaml": VALID });
  expect(library.list().scenarios.map(({ loaded }) => loaded.scenario.id)).toEqual(["undone", "shipped"]);
});

test.each([
  "undone.yaml",
  "absent.yaml",
  "",
  "..",
  "../secret.yaml",
  "inner/deep.yaml",
  "./broken.yaml",
  "/etc/passwd",
])("only what is listed as broken is given, deleted or undone: not %j", (name) => {
  const { library, folder, home, files } = libraryOf({ "undone.yaml": VALID, "broken.yaml": BROKEN });
  writeFileSync(join(home, "secret.yaml"), BROKEN);
  mkdirSync(join(folder, "inner"));
  writeFileSync(join(folder, "inner", "deep.yaml"), BROKEN);
  const other = VALID.replace("id: undone", "id: other");
  expect(() => library.getBroken(name)).toThrow(/none of your files that cannot be used is called/);
  expect(() => library.deleteBroken(name)).toThrow(/none of your files that cannot be used is called/);
  expect(() => library.save(other, { replace: true, fixes: name })).toThrow(/none of your files/);
  expect(files()).toEqual(["broken.yaml", "inner", "undone.yaml"]);
  expect(existsSync(join(home, "secret.yaml"))).toBe(true);
});

test("what an editor would not give back as it was can be deleted and not opened", () => {
  const { library, folder, home, files, broken } = libraryOf({
    "large.yaml": `${BROKEN}# ${"x".repeat(SCENARIO_SOURCE_LIMIT)}\n`,
    "larger.yaml": Buffer.alloc(2 * 1024 * 1024, "x"),
    "latin.yaml": Buffer.from("title: caf\xe9\n", "latin1"),
  });
  writeFileSync(join(home, "secret.yaml"), "password: hunter2\n");
  symlinkSync(join(home, "secret.yaml"), join(folder, "link.yaml"));
  symlinkSync(join(home, "nowhere"), join(folder, "loose.yaml"));
  symlinkSync("/dev/zero", join(folder, "without-end.yaml"));
  const reasons = {
    "large.yaml": /257 KiB long, and the editor takes 256 KiB at the most/,
    "larger.yaml": /2048 KiB/,
    "latin.yaml": /not text in UTF-8/,
    "link.yaml": /a link to a file outside of this folder/,
    "loose.yaml": /cannot be read: ENOENT/,
    "without-end.yaml": /a link to a file outside of this folder/,
  };
  expect(broken()).toEqual(Object.keys(reasons));
  for (const [name, reason] of Object.entries(reasons)) {
    expect(() => library.getBroken(name)).toThrow(reason);
    expect(() => library.save(VALID, { replace: true, fixes: name })).toThrow(reason);
    library.deleteBroken(name);
  }
  expect(files()).toEqual([]);
  expect(readFileSync(join(home, "secret.yaml"), "utf8")).toBe("password: hunter2\n");
});

test("a undone text takes the place of its file, under the same name", () => {
  const { library, files, broken, own } = libraryOf({ "undone.yaml": BROKEN });
  expect(library.save(VALID, { replace: false, fixes: "undone.yaml" })).toEqual(["undone"]);
  expect([files(), broken(), own()]).toEqual([["undone.yaml"], [], ["undone"]]);
});

test.each(["broken.yaml", "undone.yml", "UndoneFault.yaml"])("a undone %s leaves no broken twin", (name) => {
  const { library, files, broken, own } = libraryOf({ [name]: BROKEN });
  library.save(VALID, { replace: false, fixes: name });
  expect([files(), broken(), own()]).toEqual([["undone.yaml"], [], ["undone"]]);
});

test("a text that is still wrong, or whose id is in use, changes nothing", () => {
  const { library, folder, files } = libraryOf({ "broken.yaml": BROKEN, "undone.yaml": VALID });
  const saving = (source: string) => () => library.save(source, { replace: false, fixes: "broken.yaml" });
  expect(saving(BROKEN)).toThrow(/metod/);
  expect(saving(VALID.replace("id: undone", "id: shipped"))).toThrow(/a shipped scenario/);
  expect(saving(VALID)).toThrow(/you have a scenario in undone.yaml already/);
  expect(files()).toEqual(["broken.yaml", "undone.yaml"]);
  expect(readFileSync(join(folder, "broken.yaml"), "utf8")).toBe(BROKEN);
  library.save(VALID, { replace: true, fixes: "broken.yaml" });
  expect(files()).toEqual(["undone.yaml"]);
});

test("another broken file is written over only when that was asked for", () => {
  const { library, files } = libraryOf({ "broken.yaml": BROKEN, "undone.yaml": BROKEN });
  expect(() => library.save(VALID, { replace: false, fixes: "broken.yaml" })).toThrow(/in undone.yaml already/);
  expect(files()).toEqual(["broken.yaml", "undone.yaml"]);
});

test("of two files with one id the second is broken, and undone by an id of its own", () => {
  const { library, broken, own, files } = libraryOf({ "first.yaml": VALID, "second.yaml": VALID });
  expect(library.list().broken[0]?.problems[0]?.message).toContain('"undone" is used by first.yaml too');
  expect(() => library.save(VALID, { replace: true, fixes: "second.yaml" })).toThrow(/used in first.yaml/);
  library.save(VALID.replace("id: undone", "id: other"), { replace: false, fixes: "second.yaml" });
  expect([broken(), own(), files()]).toEqual([[], ["undone", "other"], ["first.yaml", "other.yaml"]]);
});

test("a suite is whole or broken, and never saved so that it is broken", () => {
  const one = "  - { name: A refund, input: Refund me, mustInclude: [create_refund] }\n";
  const { library, broken, own, files } = libraryOf({ "suite.yaml": `cases:\n${one}${one}` });
  expect([broken(), own()]).toEqual([["suite.yaml"], []]);
  const { source } = library.getBroken("suite.yaml");
  expect(() => library.save(source, { replace: false, suiteName: "suite", fixes: "suite.yaml" })).toThrow(
    /two cases have the id "suite-a-refund"/,
  );
  library.save(`cases:\n${one}`, { replace: false, suiteName: "mine", fixes: "suite.yaml" });
  expect([broken(), own(), files()]).toEqual([[], ["mine-a-refund"], ["mine.yaml"]]);
});

test("a folder that is called like a scenario is none", () => {
  const { folder, broken } = libraryOf({});
  mkdirSync(join(folder, "folder.yaml"));
  expect(broken()).toEqual([]);
});

test.each(["as I like.yaml", "undone.yml"])("a scenario is saved in the file that it is in: %j", (name) => {
  const { library, folder, files, own } = libraryOf({ [name]: VALID });
  const changed = VALID.replace("One of my own", "Changed");
  library.save(changed, { replace: true });
  expect(files()).toEqual([name]);
  expect(readFileSync(join(folder, name), "utf8")).toBe(changed);
  expect(own()).toEqual(["undone"]);
});

test("one that is in a file with others, or that nobody has agreed to replace, is not saved in it", () => {
  const suite =
    "cases:\n  - { name: one, input: Hello, mustInclude: [] }\n  - { name: two, input: Hello, mustInclude: [] }\n";
  const { library, folder, own } = libraryOf({ "both.yml": suite, "as I like.yaml": VALID });
  const ofSuite = own().find((id) => id !== "undone");
  const lone = VALID.replace("id: undone", `id: ${ofSuite}`);
  expect(() => library.save(lone, { replace: true })).toThrow(/is used in/);
  expect(() => library.save(VALID, { replace: false })).toThrow(/is used in as I like.yaml/);
  expect(readFileSync(join(folder, "both.yml"), "utf8")).toBe(suite);
});

test("a scenario that was stored with its secrets redacted is found as it is written, unless it has changed", () => {
  const source = VALID.replace("One of my own", "Asks ann@example.com");
  const { library, folder } = libraryOf({ "undone.yaml": source });
  const stored = new Redactor().yaml(source);
  expect(stored).not.toContain("ann@example.com");
  expect(library.unredacted("undone", stored).source).toBe(source);
  writeFileSync(join(folder, "undone.yaml"), source.replace("10ms", "20ms"));
  expect(() => library.unredacted("undone", stored)).toThrow("it has changed since");
});
