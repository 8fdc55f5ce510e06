/** A gateway in this process, with its dependencies. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startGateway } from "../gateway.ts";
import { readSettings } from "../settings.ts";

export const testPolicy = `
rules:
  - { tool: "list_*", action: allow }
  - { tool: create_item, action: approvalRequired }
  - { tool: delete_item, action: deny }
defaultAction: deny
budgets: { maxToolCallsPerTurn: 5 }
`;

export interface TestGateway {
  url: string;
  mcpUrl: string;
  log: string[];
  health: () => Promise<Health>;
  /** Takes over the backends of these variables, beside those that it has been started with. */
  update: (variables: Record<string, string>) => void;
  stop: () => Promise<void>;
}

interface Health {
  status: string;
  reasons: string[];
  audit: { written: number; pending: number; unsaved: number; dropped: number };
  calls: { written: number; pending: number; unsaved: number; dropped: number; failing: boolean };
  approvals: { waiting: number; callersAway: number };
  backends: Record<string, { status: string; lastError?: string; cached: boolean }>;
  diagnostics: Record<string, number>;
}

export async function launchGateway(
  variables: Record<string, string>,
  policy: string = testPolicy,
): Promise<TestGateway> {
  const folder = mkdtempSync(join(tmpdir(), "gateway-test-"));
  const policyFile = join(folder, "policy.yaml");
  writeFileSync(policyFile, policy);
  const log: string[] = [];
  const own = { PORT: "0", POLICY_FILE: policyFile, AUDIT_SPOOL_FOLDER: join(folder, "spool") };
  const all = { ...own, SLACK_BOT_TOKEN: "xoxb-test", ...variables };
  const service = await startGateway(readSettings(all), (line) => log.push(line));
  return {
    url: service.url,
    mcpUrl: `${service.url}/mcp`,
    log,
    health: async () => (await (await fetch(`${service.url}/health`)).json()) as Health,
    update: (changed) => service.update(readSettings({ ...all, ...changed })),
    stop: async () => {
      await service.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Polls until the value matches. Fails after 25 s with the last value. */
export async function eventually<T>(read: () => Promise<T> | T, matches: (seen: T) => boolean): Promise<T> {
  for (const deadline = performance.now() + 120_000; ; ) {
    const seen = await read();
    if (matches(seen)) return seen;
    if (performance.now() > deadline) throw new Error(`timed out; last value: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
