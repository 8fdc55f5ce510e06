import { expect, test } from "vitest";
import { z } from "zod";
import { asLabError, LabError, messageOf } from "./lab-error.ts";
import "../model/zod-messages.ts";

test("tells a schema's error by field, also as a cause, and never as JSON", () => {
  const { error } = z.object({ runs: z.array(z.object({ id: z.string() })) }).safeParse({ runs: [{ id: 7 }] });
  expect(messageOf(error)).toBe("runs[0].id: expected text, found a number");
  expect(messageOf(new Error("the run cannot be read", { cause: error }))).toBe(
    "the run cannot be read: runs[0].id: expected text, found a number",
  );
});

test("an error names the next step of the host that shows it", () => {
  const both = new LabError("port-taken", "in use", {
    hint: { terminal: "add --ports auto", window: "use free ports" },
  });
  expect([both.hint, both.windowHint]).toEqual(["add --ports auto", "use free ports"]);
  const same = new LabError("busy", "later", { hint: "try again" });
  expect([same.hint, same.windowHint]).toEqual(["try again", "try again"]);
});

test.each(["ENOSPC", "EDQUOT", "SQLITE_FULL"])("a full disk (%s) has a next step wherever it is noticed", (code) => {
  const error = asLabError(Object.assign(new Error("no space left on device"), { code }));
  expect(error).toMatchObject({ code: "internal", message: "no space left on device" });
  expect(error.hint).toMatch(/^make space/);
});

test("a port that fetch refuses to ask is told as that, with what to do", async () => {
  const failure: unknown = await fetch("http://127.0.0.1:10080/mcp").catch((error: unknown) => error);
  expect(messageOf(failure)).toMatch(/^fetch failed: .* never ask this port, .* another one$/);
});
