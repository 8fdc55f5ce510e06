import { expect, test } from "vitest";
import { fuzzApi } from "./fuzz-api.ts";
import { fuzzStreams } from "./fuzz-streams.ts";

// A failure contains its seed; `node fuzz.ts --seed N` reproduces it.
const seed = Math.floor(Math.random() * 2 ** 31);

test("the proxy is healthy after 500 malformed API calls", async () => {
  await expect(fuzzApi(seed, 500)).resolves.toBeUndefined();
}, 60_000);

test("the proxy is healthy after 500 mutated HTTP and MCP streams under faults", async () => {
  await expect(fuzzStreams(seed, 500)).resolves.toBeUndefined();
}, 60_000);
