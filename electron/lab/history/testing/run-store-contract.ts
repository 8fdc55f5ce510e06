import { describe } from "vitest";
import { describeArriving } from "./arriving-contract.ts";
import { describeReading } from "./reading-contract.ts";
import { describeRecording } from "./recording-contract.ts";
import { describeRemoving } from "./removing-contract.ts";
import type { StoreUnderTest } from "./store-under-test.ts";

/**
 * What every {@link RunStore} keeps, whatever its data lies in.
 * @param prepare new data for a test, empty and its own
 */
export function describeRunStore(name: string, prepare: () => StoreUnderTest): void {
  describe(`runs in ${name}`, () => {
    describeRecording(prepare);
    describeReading(prepare);
    describeRemoving(prepare);
    describeArriving(prepare);
  });
}
