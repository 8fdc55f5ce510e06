import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { LabError } from "../lab-error.ts";
import { checkDocument } from "./check-document.ts";
import { DocumentError, parseYaml, readYaml } from "./yaml-document.ts";

const file = "some.yaml";

const schema = z.strictObject({
  name: z.string(),
  size: z.int().positive().optional(),
  steps: z
    .array(
      z.union([
        z.strictObject({ wait: z.string(), note: z.string().optional() }),
        z.strictObject({ call: z.string(), arguments: z.record(z.string(), z.json()).optional() }),
      ]),
    )
    .optional(),
});

/** The problems of a document, one line each. */
function problemsOf(text: string): string {
  try {
    checkDocument(parseYaml(text, file), schema);
  } catch (error) {
    if (error instanceof DocumentError) return error.message;
    throw error;
  }
  return "none";
}

test("a valid document has no problems", () => {
  expect(
    problemsOf("name: a\nsize: 3\nsteps:\n  - wait: 5s\n  - call: x\n    arguments: { deep: [1, { a: null }] }\n"),
  ).toBe("none");
});

describe("names file, line, column and what was expected", () => {
  test.each([
    [
      "a tab as indentation",
      "name: a\nsteps:\n\t- wait: 5s\n",
      /^some\.yaml:3:1: a tab is used as indentation; use spaces/,
    ],
    ["a field written twice", "name: a\nname: b\n", /^some\.yaml:2:1: this field is written twice in one map/],
    ["a bracket left open", "name: a\nsteps: [\n", /^some\.yaml:\d+:\d+: a closing \] is missing/],
    ["a quote left open", 'name: "a\n', /^some\.yaml:\d+:\d+: .*quote/],
    [
      "two documents in one file",
      "name: a\n---\nname: b\n",
      /^some\.yaml:2:1: a second document begins here; a file holds one/,
    ],
    ["an alias of nothing", "name: *a\n", /^some\.yaml:1:7: nothing before this is marked &a$/],
    ["nothing at all", "", /^some\.yaml:1:1: expected a map of fields, found nothing$/],
    ["only a comment", "# later\n", /^some\.yaml:1:1: expected a map of fields, found nothing$/],
    ["a list where a map belongs", "- name: a\n", /^some\.yaml:1:1: expected a map of fields, found a list$/],
    ["plain text", "hello\n", /^some\.yaml:1:1: expected a map of fields, found text$/],
    ["a field that is missing", "size: 3\n", /^some\.yaml:1:1: name: expected text, but it is missing$/],
    ["a value of another kind", "name: a\nsize: many\n", /^some\.yaml:2:7: size: expected a number, found text$/],
    ["a number out of range", "name: a\nsize: 0\n", /^some\.yaml:2:7: size: expected more than 0/],
    ["a field left empty", "name:\n", /^some\.yaml:1:6: name: expected text, found nothing$/],
    [
      "something missing deep inside",
      "name: a\nsteps:\n  - wait: 5s\n  - call: x\n    arguments: 7\n",
      /^some\.yaml:5:16: steps\[1\]\.arguments: expected a map of fields, found a number$/,
    ],
  ])("%s", (_what, text, message) => expect(problemsOf(text)).toMatch(message));

  test("an unknown field, at its name, also when its value starts lines below, with the fields that there are", () => {
    const known = "(known fields are name, size, steps)";
    expect(problemsOf("name: a\nbaseline:\n\n  deep: 1\n")).toBe(`some.yaml:2:1: unknown field "baseline" ${known}`);
    expect(problemsOf("{ name: a, colour: red, b: 1 }").split("\n")).toEqual([
      `some.yaml:1:12: unknown field "colour" ${known}`,
      `some.yaml:1:25: unknown field "b" ${known}`,
    ]);
  });

  test("a misspelt field of one of several forms: in the form that was probably meant", () => {
    expect(problemsOf("name: a\nsteps:\n  - wait: 5s\n    nott: x\n")).toBe(
      'some.yaml:4:5: steps[0]: unknown field "nott" (known fields are wait, note)',
    );
  });

  test("all problems at once, so that they can be fixed together", () => {
    expect(problemsOf("nam: a\nsize: -1\n").split("\n")).toHaveLength(3);
  });

  test("the same after Windows line ends and a byte order mark", () => {
    expect(problemsOf("name: a\r\nsize: many\r\n")).toMatch(/^some\.yaml:2:7: /);
    expect(problemsOf("\ufeffname: a\n")).toBe("none");
  });
});

describe("handles hostile input:", () => {
  test("aliases that expand without bound", () => {
    const bomb = ["a: &a [x,x,x,x,x,x,x,x,x]"];
    for (const [to, from] of ["ba", "cb", "dc", "ed", "fe"]) bomb.push(`${to}: &${to} [${`*${from},`.repeat(9)}]`);
    expect(problemsOf(bomb.join("\n"))).toMatch(/^some\.yaml:1:1: its aliases expand to more than 200000 values$/);
  });

  test("merges that grow without end", () => {
    const bomb = ["a: &a { x: 1 }"];
    for (const [to, from] of ["ba", "cb", "dc", "ed", "fe", "gf", "hg"]) {
      bomb.push(`${to}: &${to} { <<: [${`*${from},`.repeat(9)}] }`);
    }
    expect(problemsOf(bomb.join("\n"))).toMatch(/its aliases expand to more than 200000 values$/);
  });

  test("a value that contains itself", () => {
    expect(problemsOf("name: a\nsteps:\n  - call: x\n    arguments: &all { inner: *all }\n")).toMatch(
      /^some\.yaml:4:30: \*all is a part of itself$/,
    );
  });

  test("a field that would be an object's prototype", () => {
    const document = parseYaml("call: { __proto__: { admin: true } }", file);
    expect((document.value as { call: { admin?: boolean } }).call.admin).toBeUndefined();
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  test("a file as large as a video", () => {
    expect(problemsOf(`name: ${"x".repeat(1024 * 1024)}`)).toBe("some.yaml:1:1: larger than 1024 KiB");
  });

  test("bytes that are no text", () => {
    expect(problemsOf("\u0000\u0001\u0002")).toMatch(/^some\.yaml:1:1: expected a map of fields/);
  });
});

describe("a merge key", () => {
  const readValue = (text: string) => parseYaml(text, file).value;

  test.each([
    ["one map", "a: &a { x: 1, y: 1 }\nb: { <<: *a, y: 2 }\n", { x: 1, y: 2 }],
    ["several, of which the first wins", "a: [&p { x: 1 }, &q { x: 2, z: 3 }]\nb: { <<: [*p, *q] }\n", { x: 1, z: 3 }],
    ["a map that merges another", "a: &a { x: 1 }\nc: &c { <<: *a, y: 2 }\nb: { <<: *c }\n", { x: 1, y: 2 }],
    ["what stands before it", "a: &a { x: 1, y: 1 }\nb: { y: 2, <<: *a }\n", { x: 1, y: 2 }],
    ["in quotes, as text", 'b: { "<<": 1 }\n', { "<<": 1 }],
  ])("takes %s", (_what, text, merged) => expect(readValue(text)).toMatchObject({ b: merged }));

  test.each(["b: { <<: 3 }\n", "a: &a [1]\nb: { <<: *a }\n"])("is refused in %j: it is no map", (text) => {
    expect(problemsOf(text)).toMatch(/:\d+:\d+: << merges maps; this is not a map or an alias of one$/);
  });

  test("leads a problem to where the wrong value is written", () => {
    expect(problemsOf("x: &x { size: many }\nname: a\n<<: *x\n")).toContain(
      "some.yaml:1:15: size: expected a number, found text",
    );
  });
});

test("a colon in a plain value is explained", () => {
  expect(problemsOf("name: Payments: slow\n")).toBe(
    'some.yaml:1:7: a second ": " on this line; put a value that contains a colon in quotes',
  );
});

describe("a file in an encoding other than UTF-8 is refused by name:", () => {
  const problemOf = (bytes: Buffer): string => {
    const path = join(temporaryFolder(), "text.yaml");
    writeFileSync(path, bytes);
    try {
      return JSON.stringify(readYaml(path).value);
    } catch (error) {
      return (error as Error).message.replace(/^.*text\.yaml/, "text.yaml");
    }
  };
  const text = "name: a\ntitle: Grüße\n";

  test.each([
    ["Latin-1", Buffer.from(text, "latin1"), "text.yaml:2:10: this byte is not UTF-8; save the file as UTF-8"],
    [
      "UTF-16, with its mark",
      Buffer.from(`\ufeff${text}`, "utf16le"),
      "text.yaml:1:1: the file is UTF-16; save it as UTF-8",
    ],
    ["UTF-16, without", Buffer.from(text, "utf16le"), "text.yaml:1:1: the file is UTF-16; save it as UTF-8"],
    [
      "UTF-16, big end first",
      Buffer.from(`\ufeff${text}`, "utf16le").swap16(),
      "text.yaml:1:1: the file is UTF-16; save it as UTF-8",
    ],
    [
      "UTF-8 that is cut off",
      Buffer.from("name: Grü").subarray(0, -1),
      "text.yaml:1:9: this byte is not UTF-8; save the file as UTF-8",
    ],
  ])("%s", (_what, bytes, message) => expect(problemOf(bytes)).toBe(message));

  test("UTF-8 is read with its mark and without", () => {
    expect(problemOf(Buffer.from(text))).toBe('{"name":"a","title":"Grüße"}');
    expect(problemOf(Buffer.from(`\ufeff${text}`))).toBe('{"name":"a","title":"Grüße"}');
  });
});

test("a file that cannot be read is named with the reason", () => {
  const folder = temporaryFolder();
  expect(() => readYaml(join(folder, "none.yaml"))).toThrow(/none\.yaml cannot be read: ENOENT/);
  expect(() => readYaml(folder)).toThrow(/cannot be read: it is a folder/);
  expect(() => readYaml(folder)).toThrow(LabError);
  writeFileSync(join(folder, "good.yaml"), "name: a\n");
  expect(readYaml(join(folder, "good.yaml")).value).toEqual({ name: "a" });
});
