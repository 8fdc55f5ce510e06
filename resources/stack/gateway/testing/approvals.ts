/** Calls that wait for an approval, and the clicks that decide it. */

import { eventually, type TestGateway } from "./lab.ts";
import { RawClient } from "./raw-client.ts";
import type { Scene } from "./scene.ts";
import { type Click, type SignedClick, signClick, ticketOf } from "./slack.ts";

export async function deliver(gateway: TestGateway, { body, headers }: SignedClick) {
  const response = await fetch(`${gateway.url}/slack/actions`, { method: "POST", body, headers });
  return { http: response.status, ...((await response.json()) as { ok: boolean; status?: string; text: string }) };
}

export const click = (gateway: TestGateway, options: Click) => deliver(gateway, signClick(options));

/** A held call, and its ticket in Slack. */
export async function hold(
  scene: Scene,
  gateway: TestGateway,
  extra: Parameters<RawClient["call"]>[2] = {},
  client?: RawClient,
) {
  const caller = client ?? (await RawClient.open(gateway.mcpUrl));
  const questions = () => scene.slack.requests.filter(({ method }) => method === "chat.postMessage");
  const before = questions().length;
  const reply = caller.call("create_item", { name: "x", count: 1 }, extra);
  reply.catch(() => {});
  const asked = await eventually(questions, (seen) => seen.length > before);
  return { client: caller, reply, ticket: ticketOf(asked.at(-1)), question: asked.at(-1) };
}

export async function decisionsOf(scene: Scene, client: RawClient, count: number): Promise<string[]> {
  return (await scene.rowsOf(client, count)).map(({ decision, reason }) => `${decision}: ${reason}`);
}

export async function ticketRow(scene: Scene, id: string) {
  const [row] = await scene.postgres.query<Record<string, unknown>>("SELECT * FROM approvals WHERE id = $1", [id]);
  return row;
}

export const asked = "approvalRequired: rule 2 (create_item: approvalRequired)";
