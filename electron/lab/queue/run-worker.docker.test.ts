import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ComposeProject } from "../../testing/compose-project.ts";
import { writeSmallStack } from "../../testing/small-stack.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { openQueueStore } from "../history/open-queue-store.ts";
import { postgresForFile } from "../history/testing/postgres-under-test.ts";
import { describeOnDocker } from "../stacks/docker/testing/on-docker.ts";
import { submitRun } from "./submit-run.ts";

const PROGRAM = join(import.meta.dirname, "..", "..", "testing", "short-lease-worker.ts");
const SERVER = `require("http").createServer((_, r) => r.end("{}")).listen(80); process.on("SIGTERM", () => process.exit(0))`;
const COMPOSE = JSON.stringify({
  version: "3.8",
  services: { web: { image: "node:24-slim", command: ["node", "-e", SERVER], stop_grace_period: "1s" } },
});
const postgres = postgresForFile();

const stops = (service: string) => ({
  source: JSON.stringify({
    id: "service-stops",
    title: "A service stops",
    patterns: [],
    steadyState: [{ service, is: "up" }],
    method: [{ fault: { stop: service, for: "1h" } }, { wait: "100ms" }],
    expect: [{ within: "1h" }],
  }),
});

describeOnDocker("workers of one database", () => {
  test("take what they can reach alone: one on Docker the runs on a project, one on processes those of its stack", async () => {
    const folder = temporaryFolder();
    const project = new ComposeProject(`labqueue${randomUUID().slice(0, 8)}`, COMPOSE, ["web"], {});
    onTestFinished(() => project.down());
    const { url, schema } = postgres.newLocation();
    const queue = await openQueueStore({ kind: "postgres", url, schema });
    onTestFinished(() => queue.close());
    const submit = async (spec: object) => {
      const submitted = await submitRun(queue, { spec });
      if (submitted.is === "conflict") throw new Error("conflict");
      return submitted.run.runId;
    };
    const onProject = { scenario: stops("web"), stack: { kind: "project", project: project.name } };
    const onProcesses = { scenario: stops("server"), stack: { kind: "named", name: "small" } };
    const nobody = await submit({ ...onProject, labels: ["nobody-has-it"] });
    const ofDocker = [await submit(onProject)];
    const ofProcesses = [await submit(onProcesses)];
    ofDocker.push(await submit(onProject));
    ofProcesses.push(await submit(onProcesses));

    const startWorker = (home: string, ...args: string[]) => {
      const worker = spawn(process.execPath, [PROGRAM, ...args], {
        env: {
          ...process.env,
          RESILIENCE_LAB_HOME: join(folder, home),
          RESILIENCE_LAB_DATABASE_URL: url,
          RESILIENCE_LAB_DATABASE_SCHEMA: schema,
        },
        stdio: ["ignore", 2, 2],
      });
      onTestFinished(async () => {
        const gone = once(worker, "exit");
        worker.kill("SIGTERM");
        await gone;
      });
      return `/${worker.pid}-`;
    };
    const docker = startWorker("docker", "docker");
    const processes = startWorker("processes", `small=${writeSmallStack(folder)}`);

    for (const [runIds, worker] of [
      [ofDocker, docker],
      [ofProcesses, processes],
    ] as const) {
      for (const runId of runIds) {
        await expect.poll(async () => (await queue.get(runId))?.state).toBe("ended");
        expect(await queue.get(runId)).toMatchObject({ outcome: "passed", attempt: 1 });
        expect(await queue.attempts(runId)).toMatchObject([{ worker: expect.stringContaining(worker) }]);
      }
    }
    expect(await queue.get(nobody)).toMatchObject({ state: "queued", attempt: 0 });
  });
});
