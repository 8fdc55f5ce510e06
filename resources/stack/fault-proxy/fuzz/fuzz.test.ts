import { expect, test } from "vitest";
import { fuzzApi } from "./fuzz-api.ts";
import { fuzzStreams } from "./fuzz-streams.ts";

// A failure names its seed; `node fuzz.ts --seed N` repeats it.
const seed = Math.floor(Math.random() * 2 ** 31);

test("500 malformed API calls leave the proxy well", async () => {
  await expect(fuzzApi(seed, 500)).resolves.toBeUndefined();
}, 60_000);

test("500 mutated HTTP and MCP streams under faults leave the proxy well", async () => {
  await expect(fuzzStreams(seed, 500)).resolves.toBeUndefined();
}, 60_000);
