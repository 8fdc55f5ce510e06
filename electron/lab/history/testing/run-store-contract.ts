import { describe } from "vitest";
import { describeArriving } from "./arriving-contract.ts";
import { describeReading } from "./reading-contract.ts";
import { describeRecording } from "./recording-contract.ts";
import { describeRemoving } from "./removing-contract.ts";
import type { StoreUnderTest } from "./store-under-test.ts";
import { describeTelemetry } from "./telemetry-contract.ts";

/**
 * Contract tests of a {@link RunStore}, independent of its storage.
 * @param prepare creates new, empty data for a test
 */
export function describeRunStore(name: string, prepare: () => StoreUnderTest): void {
  describe(`runs in ${name}`, () => {
    describeRecording(prepare);
    describeReading(prepare);
    describeRemoving(prepare);
    describeArriving(prepare);
    describeTelemetry(prepare);
  });
}
