import { expect, test } from "vitest";
import { CALL_OUTCOMES } from "../../electron/model/lab-event.ts";
import { callOutcomes } from "../../resources/stack/gateway/audit/call-row.ts";

test("the reference gateway's call outcomes are those that the lab reads", () => {
  expect(CALL_OUTCOMES).toEqual(callOutcomes);
});
