import { expect, test } from "vitest";
import { PHRASED_LINK_FAULTS } from "../../model/headline/fault-phrase.ts";
import { LINK_FAULTS } from "./link-faults.ts";

test("a headline has words of its own for every fault on a link", () => {
  expect([...PHRASED_LINK_FAULTS].sort()).toEqual([...LINK_FAULTS].sort());
});
