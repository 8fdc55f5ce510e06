import { describe, expect, it } from "vitest";
import { redact } from "./redaction.ts";

describe("redact", () => {
  it.each([
    [{ note: "a@b.c", id: 1 }, ["note"], { note: "[redacted]", id: 1 }],
    [{ customer: { email: "a@b.c", name: "A" } }, ["customer.email"], { customer: { email: "[redacted]", name: "A" } }],
    [
      { items: [{ card: 1 }, { card: 2, id: 3 }] },
      ["items.*.card"],
      { items: [{ card: "[redacted]" }, { card: "[redacted]", id: 3 }] },
    ],
    [{ items: ["a", "b"] }, ["items.1"], { items: ["a", "[redacted]"] }],
    [{ a: { x: 1 }, b: { x: 2, y: 3 } }, ["*.x"], { a: { x: "[redacted]" }, b: { x: "[redacted]", y: 3 } }],
    [{ a: { deep: [1, { b: 2 }] } }, ["a"], { a: "[redacted]" }],
    [{ a: 1, b: 2 }, ["*"], { a: "[redacted]", b: "[redacted]" }],
    [{ a: "text" }, ["a.b", "missing", "c.d"], { a: "text" }],
    [{ a: null }, ["a.b"], { a: null }],
  ])("%j by %j", (value, paths, expected) => {
    expect(redact(value, paths)).toEqual(expected);
  });

  it("does not change the original", () => {
    const original = { customer: { email: "a@b.c" } };
    redact(original, ["customer.email"]);
    expect(original.customer.email).toBe("a@b.c");
  });

  it("treats __proto__ as an ordinary key", () => {
    const value = JSON.parse('{"__proto__":{"secret":"x"},"secret":"y"}');
    expect(JSON.stringify(redact(value, ["__proto__.secret"]))).toBe(
      '{"__proto__":{"secret":"[redacted]"},"secret":"y"}',
    );
  });

  it("accepts absent arguments", () => {
    expect(redact(undefined, ["note"])).toBeUndefined();
  });
});
