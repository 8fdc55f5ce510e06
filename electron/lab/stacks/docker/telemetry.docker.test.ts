import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test, vi } from "vitest";
import type { TelemetryRecord } from "../../../model/telemetry.ts";
import { MODULES } from "../../../testing/public-project.ts";
import { temporaryFolder } from "../../../testing/temporary-folder.ts";
import { Lab } from "../../lab.ts";
import { loadFile } from "../../scenarios/load.ts";
import { Telemetry } from "../../telemetry/telemetry.ts";
import { ON_REFERENCE_STACK } from "../run-target.ts";
import { Door } from "./door/door.ts";
import { addressFromNetwork } from "./telemetry-address.ts";
import { describeOnDocker, docker, projectName } from "./testing/on-docker.ts";

const SCENARIO = `id: reported
title: A call that every service reports
patterns: []
steadyState:
  - { service: gateway, is: up }
method:
  - fault: { latency: gateway->payments-mcp, by: 20ms }
  - agent: List my recent charges, then refund the first non-refunded charge in full, reason requested_by_customer.
    background: true
  - wait: { decision: approvalRequired, tool: create_refund }
  - approve: create_refund
    by: dana
  - wait: { decision: approved, tool: create_refund }
expect:
  - decisions: [list_recent_charges allow, create_refund approvalRequired, create_refund approved]
  - within: 60s
`;

describeOnDocker("spans of containers", (engine) => {
  test("the reference stack's services send theirs to the run, from each container, as one tree", async () => {
    const lab = await Lab.open({
      ...process.env,
      RESILIENCE_LAB_HOME: temporaryFolder(),
      COMPOSE_PROJECT_NAME: projectName(),
    });
    const scenario = join(temporaryFolder(), "reported.yaml");
    writeFileSync(scenario, SCENARIO);
    const { signal } = new AbortController();
    const records: TelemetryRecord[] = [];
    try {
      let runId = "";
      await lab.work("receiving spans", signal, async (session) => {
        const source = { ...ON_REFERENCE_STACK, ports: "auto", driver: "docker" } as const;
        const target = await session.stacks.resolve({ ...source, engine: { by: "address", address: engine.address } });
        await session.stacks.use(target, { signal }, async (open) => {
          const [loaded] = loadFile(scenario);
          if (loaded === undefined) throw new Error("no scenario");
          const options = { ...target.target, keepRaw: false, signal, listen: () => {} };
          ({ runId } = await session.run(loaded, open, options));
        });
      });
      records.push(...(await lab.history.telemetry(runId, 0, 10_000)).records);
    } finally {
      await lab.close();
    }
    const spans = records.filter((record) => record.record === "span");
    expect(new Set(spans.map(({ service }) => service))).toEqual(
      new Set(["agent", "gateway", "payments-mcp", "mock-slack", "fault-proxy"]),
    );
    const server = spans.findLast(({ service, name }) => service === "payments-mcp" && name.startsWith("tools/call"));
    const path: string[] = [];
    for (let at = server; at !== undefined; at = spans.find(({ spanId }) => spanId === at?.parentId))
      path.push(at.service);
    expect(path).toEqual(["payments-mcp", "gateway", "gateway", "agent", "agent"]);
    const ofCall = spans.filter(({ traceId }) => traceId === server?.traceId);
    // The question and the click that answered it; the exchange that the fault met.
    const names = (service: string) => ofCall.filter((span) => span.service === service).map(({ name }) => name);
    expect(names("mock-slack")).toEqual(expect.arrayContaining(["POST /api/chat.postMessage", "POST /slack/actions"]));
    expect(names("fault-proxy")).toContain("tools/call create_refund");
  });

  test.each([
    ["on this machine", false],
    ["in a virtual machine, by a door", true],
  ])(
    "a container's exporter in an internal network reaches the lab at the network's gateway, %s",
    async (_, isElsewhere) => {
      const network = projectName();
      docker("network", "create", "--internal", network);
      onTestFinished(() => void docker("network", "rm", network));
      const telemetry = new Telemetry({ folder: temporaryFolder(), environment: {} });
      onTestFinished(() => telemetry.close());
      await telemetry.start("auto");
      if (isElsewhere) vi.spyOn(telemetry, "alsoAt").mockResolvedValue(false);
      const door = new Door(engine.docker, network);
      onTestFinished(() => door.close());
      const address = await addressFromNetwork(engine.docker, engine.address, network, telemetry, door);
      const env = telemetry.environmentFor(address ?? "");
      const modules = "/app/node_modules/@opentelemetry";
      const script = `const { OTLPTraceExporter } = require("${modules}/exporter-trace-otlp-proto");
      const { TracerProvider, SimpleSpanProcessor } = require("${modules}/sdk-trace");
      const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: new OTLPTraceExporter() })] });
      provider.getTracer("theirs").startSpan("work").end();
      provider.shutdown().then(() => console.log("sent"));`;
      const variables = Object.entries(env ?? {}).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
      const volume = ["--volume", `${MODULES}:/app/node_modules:ro`];
      const command = [
        "run",
        "--rm",
        "--network",
        network,
        ...volume,
        ...variables,
        "node:24-slim",
        "node",
        "-e",
        script,
      ];
      // Not waited for by this thread, which receives.
      const { stdout } = await promisify(execFile)("docker", command);
      expect(stdout.trim()).toBe("sent");
      expect(telemetry.counts).toMatchObject({ requests: 1, refused: 0, spans: 1 });
    },
  );
});
