import { expect, test } from "vitest";
import { z } from "zod";
import { messageOf } from "./lab-error.ts";
import "../model/zod-messages.ts";

test("tells a schema's error by field, also as a cause, and never as JSON", () => {
  const { error } = z.object({ runs: z.array(z.object({ id: z.string() })) }).safeParse({ runs: [{ id: 7 }] });
  expect(messageOf(error)).toBe("runs[0].id: expected text, found a number");
  expect(messageOf(new Error("the run cannot be read", { cause: error }))).toBe(
    "the run cannot be read: runs[0].id: expected text, found a number",
  );
});
