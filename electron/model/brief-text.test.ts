import { describe, expect, test } from "vitest";
import { BRIEF_CHARS, brief, briefCheck, groupedList, groupRepeats } from "./brief-text.ts";

const times = (count: number, ...items: string[]) => Array.from({ length: count }, () => items).flat();
const list = (...items: string[]) => items.join(", ");
/** As read: what is marked in brackets. */
const read = ({ pieces }: ReturnType<typeof brief>) =>
  pieces.map(({ text, isMarked }) => (isMarked ? `[${text}]` : text)).join("");

const EXPECTED = list(...times(5, "list allow", "list upstream_error"), "list budgetExceeded");
const OBSERVED = list(...times(20, "list allow", "list upstream_error"));

describe("repeats in a text", () => {
  test("are counted, and a tool is named once", () => {
    expect(groupRepeats(EXPECTED)).toBe("list 5 x (allow, upstream_error), budgetExceeded");
    expect(groupRepeats(list(...times(4, "create_refund deny"), "list allow"))).toBe(
      "create_refund 4 x deny, list allow",
    );
    expect(groupRepeats(list(...times(3, "a", "b", "c")))).toBe("3 x (a, b, c)");
    expect(groupRepeats(list(...times(3, "a x", "b y")))).toBe("3 x (a x, b y)");
  });

  test("are found behind what introduces a list, and in each of several", () => {
    const text = `count: expected allow: exactly 1; decisions: expected ${EXPECTED}; observed ${OBSERVED}; done`;
    expect(groupRepeats(text)).toBe(
      "count: expected allow: exactly 1; decisions: expected list 5 x (allow, upstream_error), budgetExceeded; " +
        "observed list 20 x (allow, upstream_error); done",
    );
    expect(groupRepeats("decisions: expected a; observed b, b, b (and 2 more)")).toBe(
      "decisions: expected a; observed 3 x b (and 2 more)",
    );
    expect(groupRepeats(`held: ${list(...times(3, "x"))}`)).toBe("held: 3 x x");
    expect(groupRepeats("no tools since a, a, a")).toBe("no tools since 3 x a");
  });

  test.each([
    "",
    "one; ",
    "; ; one",
    "passed",
    "list allow, list upstream_error, list allow, list upstream_error",
    "list_recent_charges allow, create_refund approvalRequired, create_refund expired",
    '{"a":[1,1,1],"b":"one, two; three"}',
    "not restored: gateway is down; it was killed, and did not start",
  ])("are not made up: %j is unchanged", (text) => {
    expect(groupRepeats(text)).toBe(text);
    expect(brief(text)).toEqual({ pieces: text === "" ? [] : expect.anything(), isShortened: false });
    expect(read(brief(text))).toBe(text);
  });

  test("of any period up to eight are found, and nothing is lost", () => {
    for (let period = 1; period <= 8; period++) {
      const items = Array.from({ length: period }, (_, index) => `i${index}`);
      const expanded = groupRepeats(list("first", ...times(7, ...items), "last")).replace(
        /7 x \(?([^)]*?)\)?(?=, last)/,
        (_, inner: string) => list(...times(7, inner)),
      );
      expect(expanded, `${period}`).toBe(list("first", ...times(7, ...items), "last"));
    }
  });

  test("of decisions in a report name a tool once, also when nothing repeats", () => {
    expect(groupedList(["a allow", "a allow", "b allow", "a allow"])).toBe("a allow, allow, b allow, a allow");
    expect(groupedList(times(3, "a allow"))).toBe("a 3 x allow");
  });
});

describe("the first difference", () => {
  const ofDecisions = (expected: string, observed: string) => {
    const both = briefCheck({ check: "decisions", expected, observed });
    return [read(both.expected), read(both.observed)];
  };

  test("is marked on both sides; in a repeat, its count", () => {
    expect(ofDecisions(EXPECTED, OBSERVED)).toEqual([
      "list 5 x (allow, upstream_error), [budgetExceeded]",
      "list [20 x] (allow, upstream_error)",
    ]);
    expect(ofDecisions("a allow, b deny, c allow", "a allow, b redact, c allow")).toEqual([
      "a allow, [b deny], c allow",
      "a allow, [b redact], c allow",
    ]);
  });

  test("is what one side has more, or the whole of a side that has nothing", () => {
    expect(ofDecisions("a allow, b allow", "a allow")).toEqual(["a allow, [b allow]", "a allow"]);
    expect(ofDecisions("a allow", "a allow, b allow")).toEqual(["a allow", "a allow, [b allow]"]);
    expect(ofDecisions("a allow, b allow", "nothing")).toEqual(["[a allow], b allow", "[nothing]"]);
  });

  test("of lists whose order alone counts is the first item that is missing", () => {
    const both = briefCheck({ check: "mustInclude", expected: "a, b, c", observed: "a, x, b, b" });
    expect([read(both.expected), read(both.observed)]).toEqual(["a, b, [c]", "a, x, b, b"]);
    const order = briefCheck({ check: "trajectory", expected: "IN_ORDER a, b", observed: "b, a" });
    expect([read(order.expected), read(order.observed)]).toEqual(["IN_ORDER a, [b]", "b, a"]);
    const exact = briefCheck({ check: "trajectory", expected: "EXACT a, b", observed: "b, a" });
    expect([read(exact.expected), read(exact.observed)]).toEqual(["EXACT [a], b", "[b], a"]);
  });

  test("is not marked where lists are equal, or where their order has no meaning", () => {
    expect(ofDecisions("a allow, b allow", "a allow, b allow")).toEqual(["a allow, b allow", "a allow, b allow"]);
    const none = briefCheck({ check: "mustNotInclude", expected: "none of a, b", observed: "b, c" });
    expect(read(none.observed)).toBe("b, c");
  });

  test("is marked in the reason of a run too", () => {
    expect(read(brief(`decisions: expected ${EXPECTED}; observed ${OBSERVED}; answer: expected x; observed y`))).toBe(
      "decisions: expected list 5 x (allow, upstream_error), [budgetExceeded]; " +
        "observed list [20 x] (allow, upstream_error); answer: expected x; observed y",
    );
  });
});

describe("a long text", () => {
  test("is cut at a word, and says so", () => {
    const { pieces, isShortened } = brief("word ".repeat(400));
    const text = pieces.map((piece) => piece.text).join("");
    expect(isShortened).toBe(true);
    expect(text.length).toBeLessThanOrEqual(BRIEF_CHARS + 2);
    expect(text).toMatch(/^(word )+…$/);
  });

  test("without spaces, or of characters of two units, is cut between characters", () => {
    const [{ text } = { text: "" }] = brief("😀".repeat(500)).pieces;
    expect(text.isWellFormed()).toBe(true);
    expect(text).toMatch(/…$/);
  });

  test("shows its first difference, wherever that is", () => {
    const items = Array.from({ length: 200 }, (_, index) => `tool_${index} allow`);
    const other = items.with(150, "tool_150 deny");
    const both = briefCheck({ check: "decisions", expected: list(...items), observed: list(...other) });
    for (const [side, marked] of [
      [both.expected, "[tool_150 allow]"],
      [both.observed, "[tool_150 deny]"],
    ] as const) {
      expect(read(side)).toContain(marked);
      expect(read(side)).toMatch(/^…/);
      expect(read(side).length).toBeLessThanOrEqual(BRIEF_CHARS + 6);
      expect(side.isShortened).toBe(true);
    }
  });

  test("of a megabyte is cut too", () => {
    const many = Array.from({ length: 50_000 }, (_, index) => `tool_${index % 977} allow`);
    expect(brief(list(...many)).isShortened).toBe(true);
  });
});
