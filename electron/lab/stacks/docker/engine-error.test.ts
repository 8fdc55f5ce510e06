import { describe, expect, test } from "vitest";
import type { LabError } from "../../lab-error.ts";
import { ask, explain } from "./engine-error.ts";

/** As the client throws what the engine refuses. */
function refusal(statusCode: number, message: string): Error {
  return Object.assign(new Error(`(HTTP code ${statusCode}) server error - ${message} `), {
    statusCode,
    json: { message },
  });
}

function told(error: unknown): string {
  const { code, message, hint = "" } = explain("starting web", error) as LabError;
  return `${code}: ${message} | ${hint}`;
}

describe("what the engine refuses is told in its own words, and with a hint where there is one:", () => {
  test.each([
    ["a refusal", refusal(500, "no such runtime"), /^precondition: starting web: no such runtime \| $/],
    [
      "a full disk",
      refusal(500, "write /var/lib/docker/x: no space left on device"),
      /^precondition: starting web: the engine's disk is full: .* \| free some with `docker system prune`/,
    ],
    [
      "a full disk, told at the end of a build",
      new Error("failed to copy files: no space left on device"),
      /the engine's disk is full/,
    ],
    [
      "a port that another container has",
      refusal(500, "driver failed: Bind for 127.0.0.1:18080 failed: port is already allocated"),
      /^port-taken: starting web: port 18080 is already in use \| .*--ports auto/,
    ],
    [
      "a port that another program has",
      refusal(500, "Error starting userland proxy: listen tcp4 127.0.0.1:18080: bind: address already in use"),
      /^port-taken: starting web: port 18080 is already in use/,
    ],
    [
      "an engine that is gone",
      Object.assign(new Error("connect ECONNREFUSED /var/run/docker.sock"), { code: "ECONNREFUSED" }),
      /^unreachable: starting web: the Docker engine does not answer \(ECONNREFUSED\)/,
    ],
    ["a connection that was cut", new Error("socket hang up"), /^unreachable: /],
    ["an engine that is being stopped", refusal(500, "transport is closing: unavailable"), /^unreachable: /],
  ])("%s", (_what, error, said) => expect(told(error)).toMatch(said));
});

test("a refusal that means that it is so already is none", async () => {
  const already = [{ status: 304 }, { status: 500, says: /is not paused/ }];
  const call = (error: Error) => ask("x", () => Promise.reject(error), already);
  expect(await call(refusal(304, ""))).toBeUndefined();
  expect(await call(refusal(500, "Container 1 is not paused"))).toBeUndefined();
  await expect(call(refusal(500, "cannot be paused"))).rejects.toThrow("x: cannot be paused");
  await expect(call(refusal(404, "no such container"))).rejects.toThrow("x: no such container");
});
