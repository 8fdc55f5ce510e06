import { expect, test, vi } from "vitest";
import type { ImageBuilding } from "../../stacks/image-building.ts";
import type { RunningStack } from "../../stacks/running-stack.ts";
import { ImageBuilds } from "./image-builds.ts";

/** A stack with a link that a sidecar carries, and one that a fault proxy does; its image takes as long as a test wants. */
function stackThat(builds: (building: ImageBuilding) => Promise<unknown>) {
  const links = [
    { name: "agent->tools", from: "agent", to: "tools", port: 80 },
    { name: "gateway->tools", from: "gateway", to: "tools", listen: {}, upstream: {} },
  ];
  return { stack: { links }, driver: { sidecars: { ensureImage: vi.fn(builds) } } } as unknown as RunningStack;
}

test("the steps of a build are shown until it has ended, and nothing where the image is there", async () => {
  const changed = vi.fn();
  const builds = new ImageBuilds(changed);
  const built = Promise.withResolvers<void>();
  const first = builds.forLinks(
    stackThat(({ report }) => {
      report("Step 2/7 : COPY");
      return built.promise;
    }),
    ["agent->tools"],
  );
  expect(builds.current).toEqual({ step: "Step 2/7 : COPY" });
  built.resolve();
  await first;
  expect(builds.current).toBeNull();
  expect(changed).toHaveBeenCalledTimes(2);
  await builds.forLinks(
    stackThat(async () => {}),
    ["agent->tools"],
  );
  expect(changed).toHaveBeenCalledTimes(2);
});

test("a link that a fault proxy carries needs no image", async () => {
  const running = stackThat(async () => {});
  await new ImageBuilds(() => {}).forLinks(running, ["gateway->tools", "tools"]);
  expect(running.driver.sidecars?.ensureImage).not.toHaveBeenCalled();
});

test("what waits for a build fails with the reason when it is cancelled, and as its own work is", async () => {
  const builds = new ImageBuilds(() => {});
  const running = stackThat(({ signal, report }) => {
    report("Step 1/7 : FROM");
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  });
  const cancelled = builds.forLinks(running, ["agent->tools"]);
  builds.cancel();
  await expect(cancelled).rejects.toMatchObject({ code: "precondition", message: /was cancelled/ });
  const scope = new AbortController();
  const ended = builds.forLinks(running, ["agent->tools"], scope.signal);
  scope.abort(new Error("the run is cancelled"));
  await expect(ended).rejects.toThrow("the run is cancelled");
  expect(builds.current).toBeNull();
});
