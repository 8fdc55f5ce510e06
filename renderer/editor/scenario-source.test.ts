import { describe, expect, it } from "vitest";
import { createDrafts } from "./drafts.ts";
import { asCopy, isSuite, suiteNameOf, titleIn } from "./scenario-source.ts";

describe("a copy of a scenario", () => {
  it("has its own id and title, and everything else unchanged", () => {
    const source = "# yaml-language-server: $schema=./x.json\nid: mcp-crash\ntitle: It crashes\n# why\nmethod: []\n";
    expect(asCopy(source, "mcp-crash", [])).toBe("id: my-mcp-crash\ntitle: It crashes (my copy)\n# why\nmethod: []\n");
  });

  it("gets an unused id", () => {
    expect(asCopy("id: a\n", "a", ["my-a", "my-a-2"])).toBe("id: my-a-3\n");
  });

  it("quotes a title if necessary", () => {
    expect(asCopy('title: "Down: and up"\n', "a", [])).toBe('title: "Down: and up (my copy)"\n');
  });
});

describe("a title", () => {
  it("is read from an invalid text", () => {
    expect(titleIn("id: [\ntitle: 'It crashes'\n")).toBe("It crashes");
    expect(titleIn("id: a\n")).toBeUndefined();
  });
});

describe("a suite", () => {
  it("is recognised by its cases", () => {
    expect(isSuite("cases:\n  - name: x\n")).toBe(true);
    expect(isSuite("id: a\nmethod: []\n")).toBe(false);
    expect(isSuite("summary: >\n  cases: none\nmethod: []\n")).toBe(false);
  });

  it("has its name before the title of a case", () => {
    expect(suiteNameOf("refunds-asks-before-paying", "Asks before paying!")).toBe("refunds");
  });
});

describe("drafts", () => {
  it("are kept until deleted", () => {
    const kept = new Map<string, string>();
    const storage = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, text: string) => void kept.set(key, text),
      removeItem: (key: string) => void kept.delete(key),
    } as unknown as Storage;
    const drafts = createDrafts(() => storage);
    drafts.keep("mcp-crash", "id: x");
    expect(drafts.read("mcp-crash")).toBe("id: x");
    expect(drafts.read("other")).toBeUndefined();
    drafts.forget("mcp-crash");
    expect(drafts.read("mcp-crash")).toBeUndefined();
  });

  it("work without storage where it is forbidden", () => {
    const drafts = createDrafts(() => {
      throw new Error("forbidden");
    });
    drafts.keep("a", "b");
    expect(drafts.read("a")).toBeUndefined();
  });
});
