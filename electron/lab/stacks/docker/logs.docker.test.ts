import { expect, test } from "vitest";
import type { LogLine } from "../log-tail.ts";
import { containerId, describeOnDocker, docker, serverService, stackOf, upOnDocker } from "./testing/on-docker.ts";

const never = new AbortController().signal;

describeOnDocker("the logs of containers", (engine) => {
  test("are followed from now on, apart, each line once, through stops, kills and restarts", async () => {
    const running = await upOnDocker(engine, stackOf(serverService("web") + serverService("other")));
    const lines: LogLine[] = [];
    const logs = running.followLogs((line) => lines.push(line));
    const ask = (path: string) => fetch(`http://${running.address("web")}${path}`);
    const textOf = (service: string, stream: string) =>
      lines.filter((each) => each.service === service && each.stream === stream).map(({ line }) => line);
    await expect
      .poll(async () => {
        await ask("/first");
        return textOf("web", "stdout");
      })
      .toContain("asked /first");
    for (const [number, breakIt] of [running.driver.stop, running.driver.kill].entries()) {
      await breakIt.call(running.driver, "web");
      await running.startAndWait("web", never);
      await ask(`/instance-${number}`);
      await expect.poll(() => textOf("web", "stdout")).toContain(`asked /instance-${number}`);
    }
    await ask("/last");
    // The engine has a line a moment after it was printed.
    const logged = () => docker("logs", containerId(running.stack.project, "web"));
    await expect.poll(logged).toContain("asked /last");
    await logs.close();
    const stdout = textOf("web", "stdout");
    expect(stdout).toContain("asked /last");
    expect(stdout.filter((line) => line === "ready")).toHaveLength(2);
    expect(textOf("web", "stderr")).toEqual(["a warning", "a warning"]);
    const asked = docker("logs", containerId(running.stack.project, "web"));
    for (const path of ["instance-0", "instance-1", "last"]) {
      expect(asked.split(`asked /${path}`)).toHaveLength(2);
      expect(stdout.filter((line) => line === `asked /${path}`)).toHaveLength(1);
    }
    // The probe's own requests aside, a service that nothing happened to said nothing new.
    expect(textOf("other", "stdout").filter((line) => !line.startsWith("asked /health"))).toEqual([]);
  });
});
