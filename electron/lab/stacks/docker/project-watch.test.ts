import type { ServerResponse } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { openEngine } from "./engine.ts";
import { ProjectWatch } from "./project-watch.ts";
import { type FakeEngine, fakeEngine } from "./testing/fake-engine.ts";

const LABELS = { "com.docker.compose.project": "shop", "com.docker.compose.service": "web" };

/** The container `c1` of service web, in a state that a test sets. */
function report(engine: FakeEngine, state: "running" | "paused" | "exited", port = "8080"): void {
  engine.answer("/containers/json", [{ Id: "c1", Labels: LABELS }]);
  engine.answer("/containers/c1/json", {
    Id: "c1",
    Config: { Labels: LABELS },
    State: { Status: state, ExitCode: 0 },
    HostConfig: { NetworkMode: "shop_default" },
    NetworkSettings: { Networks: { shop_default: {} }, Ports: { "80/tcp": [{ HostPort: port }] } },
  });
}

async function watched() {
  const engine = await fakeEngine();
  report(engine, "running");
  const streams: ServerResponse[] = [];
  engine.handle("/events", (_request, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    streams.push(response);
  });
  const waits: number[] = [];
  const retry = async (ms: number) => void waits.push(ms);
  const watch = new ProjectWatch(openEngine(engine.address), "shop", retry);
  onTestFinished(() => watch.close());
  const notices: string[] = [];
  watch.onNotice((message) => notices.push(message));
  const say = (event: object) => streams.at(-1)?.write(`${JSON.stringify(event)}\n`);
  await expect.poll(() => watch.view("web")?.state).toBe("running");
  return { engine, watch, say, notices, waits, streams };
}

test("an event counts at once, before anything is asked", async () => {
  const { engine, watch, say } = await watched();
  // An engine that does not answer any more: only the event can tell.
  engine.handle("/containers/json", () => {});
  say({ Type: "container", Action: "die", Actor: { ID: "c1", Attributes: { ...LABELS, exitCode: "137" } } });
  await expect.poll(() => watch.view("web")).toMatchObject({ state: "exited", exitCode: 137 });
  await engine.stop();
});

test("what an event does not tell is asked for", async () => {
  const { engine, watch, say } = await watched();
  report(engine, "running", "9090");
  say({ status: "start", id: "c1" });
  await expect.poll(() => watch.view("web")?.ports).toEqual({ 80: 9090 });
});

test("a container that comes to the project is seen, one of another project is not", async () => {
  const { engine, watch, say } = await watched();
  let asked = 0;
  engine.handle("/containers/json", (_request, response) => {
    asked++;
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify([]));
  });
  say({
    Type: "container",
    Action: "start",
    Actor: { ID: "x", Attributes: { ...LABELS, "com.docker.compose.project": "other" } },
  });
  say({ Type: "network", Action: "connect", Actor: { ID: "n", Attributes: { container: "x" } } });
  say({ Type: "container", Action: "destroy", Actor: { ID: "c1", Attributes: LABELS } });
  await expect.poll(() => watch.view("web")).toBeUndefined();
  expect(watch.isCurrent()).toBe(true);
  expect(asked).toBe(1);
});

test("an engine that goes away is said to, and what happened meanwhile is found when it is back", async () => {
  const { engine, watch, notices, waits } = await watched();
  await engine.stop();
  await expect.poll(() => watch.isCurrent()).toBe(false);
  await expect.poll(() => waits.length).toBeGreaterThan(3);
  report(engine, "exited");
  await engine.start();
  await expect.poll(() => watch.view("web")?.state).toBe("exited");
  expect(notices).toEqual([expect.stringMatching(/^the Docker engine went away: /), "the Docker engine is back"]);
  expect(waits.slice(0, 4)).toEqual([50, 100, 200, 400]);
  expect(Math.max(...waits)).toBeLessThanOrEqual(2_000);
});

test("a stream that only ends is opened again", async () => {
  const { watch, streams, engine, say } = await watched();
  streams.at(-1)?.end();
  await expect.poll(() => streams.length).toBe(2);
  await expect.poll(() => watch.isCurrent()).toBe(true);
  report(engine, "paused");
  say({ status: "pause", id: "c1" });
  await expect.poll(() => watch.view("web")?.state).toBe("paused");
});

test("noise in the stream does no harm", async () => {
  const { watch, say, streams, engine } = await watched();
  streams.at(-1)?.write('{"Type":"container","Action":\nnot json\n\n{}\n');
  report(engine, "paused");
  say({ status: "pause", id: "c1" });
  await expect.poll(() => watch.view("web")?.state).toBe("paused");
});

test("a service with several containers is seen through one that runs, and those that do not run are named", async () => {
  const { engine, watch, say } = await watched();
  engine.answer("/containers/json", [
    { Id: "c1", Labels: LABELS },
    { Id: "c2", Labels: LABELS },
  ]);
  const replica = (id: string, state: string) =>
    engine.answer(`/containers/${id}/json`, {
      Id: id,
      Name: `/shop_web_${id.slice(1)}`,
      Config: { Labels: LABELS },
      State: { Status: state, ExitCode: 0 },
      HostConfig: { NetworkMode: "shop_default" },
      NetworkSettings: { Networks: { shop_default: {} }, Ports: {} },
    });
  // Whichever of them it is, and in whichever order the engine lists them.
  for (const [stopped, running] of [
    ["c1", "c2"],
    ["c2", "c1"],
  ] as const) {
    replica(stopped, "exited");
    replica(running, "running");
    say({ status: "die", id: stopped });
    await expect
      .poll(() => watch.view("web"))
      .toMatchObject({ id: running, state: "running", stoppedReplicas: [`shop_web_${stopped.slice(1)} is exited`] });
  }
  replica("c1", "running");
  replica("c2", "running");
  say({ status: "start", id: "c2" });
  await expect.poll(() => watch.view("web")?.stoppedReplicas).toBeUndefined();
});
