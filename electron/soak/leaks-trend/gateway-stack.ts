/** All services of the reference stack but its database as processes, each with the soak's preload. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { killServices, startService } from "../../../resources/stack/http/testing/service-process.ts";

const STACK = join(import.meta.dirname, "..", "..", "..", "resources", "stack");
const CONTROL_TOKEN = "of-this-soak";
const BOUND = "15";
export const CONTROL = { "content-type": "application/json", authorization: `Bearer ${CONTROL_TOKEN}` };

/** Services by name: where they report their diagnostics. */
export interface GatewayStack {
  gateway: string;
  agent: string;
  diagnostics: Record<string, string>;
  stop: () => Promise<void>;
}

/** `leak`: planted in the gateway. */
export async function startGatewayStack(leak: string | undefined): Promise<GatewayStack> {
  const folder = mkdtempSync(join(tmpdir(), "resilience-lab-leaks-"));
  const start = (name: string, variables: Record<string, string>) =>
    startService(join(STACK, "build", `${name}.mjs`), {
      PORT: "0",
      CONTROL_TOKEN,
      NODE_OPTIONS: `--import ${pathToFileURL(join(import.meta.dirname, "plant-leak.mjs"))}`,
      ...variables,
    }).url();
  try {
    const [payments, support] = await Promise.all([start("payments-mcp", {}), start("support-mcp", {})]);
    const slack = { SLACK_BOT_TOKEN: "xoxb-of-this-soak", SLACK_SIGNING_SECRET: "of-this-soak" };
    const mockSlack = await start("mock-slack", {
      ...slack,
      SLACK_ACTIONS_URL: "http://127.0.0.1:9/slack/actions",
      MESSAGE_LIMIT: BOUND,
    });
    const proxy = await start("fault-proxy", {
      LINKS: Object.entries({ payments, support, slack: mockSlack })
        .map(([name, url]) => `${name}=127.0.0.1:0>${new URL(url).host}`)
        .join(","),
    });
    const links = (await (await fetch(`${proxy}/proxies`, { headers: CONTROL })).json()) as Record<
      string,
      { listen: string }
    >;
    const through = (name: string) => `http://${links[name]?.listen}`;
    const gateway = await start("gateway", {
      ...slack,
      SLACK_URL: `${through("slack")}/api`,
      // Each question is over soon: nobody clicks.
      APPROVAL_TTL: "100ms",
      BACKENDS: `payments=${through("payments")}/mcp,support=${through("support")}/mcp`,
      POLICY_FILE: join(STACK, "policy.yaml"),
      AUDIT_FILE: join(folder, "audit.jsonl"),
      AUDIT_SPOOL_FOLDER: join(folder, "spool"),
      HEALTH_INTERVAL: "1s",
      // Bounded lists are full within the warm-up.
      HISTORY_LIMIT: BOUND,
      OPTIMIZER: "available",
      EMBEDDINGS_URL: `${through("support")}/v1/embeddings`,
      ...(leak === undefined ? {} : { PLANTED_LEAK: leak }),
    });
    const agent = await start("agent", { GATEWAY_URL: `${gateway}/mcp`, HISTORY_LIMIT: "20" });
    return {
      gateway: `${gateway}/mcp`,
      agent,
      diagnostics: {
        gateway: `${gateway}/health`,
        agent: `${agent}/health`,
        "payments-mcp": `${payments}/healthz`,
        "support-mcp": `${support}/healthz`,
        "mock-slack": `${mockSlack}/healthz`,
        "fault-proxy": `${proxy}/healthz`,
      },
      stop: () => clear(folder),
    };
  } catch (error) {
    await clear(folder);
    throw error;
  }
}

async function clear(folder: string): Promise<void> {
  await killServices();
  rmSync(folder, { recursive: true, force: true });
}
