/**
 * An MCP server on standard input and output, one message a line. It cannot work without the templates: it reads them when
 * it starts and before each call, and ends when it cannot. Written without the SDK, which takes five times as long to load,
 * since it is started again and again.
 */
import { createInterface } from "node:readline";
import { isObject, parseJson } from "../http/json.ts";
import { readTemplates, type Templates } from "./templates.ts";

export interface LineServer {
  name: string;
  tools: readonly unknown[];
  templatesUrl: string;
  call: (toolArguments: Record<string, unknown>, templates: Templates) => unknown;
}

const methodNotFound = { code: -32601, message: "Method not found" };

export async function serveLines(server: LineServer): Promise<void> {
  const { name, templatesUrl } = server;
  const load = async (traceparent?: string): Promise<Templates> => {
    try {
      return await readTemplates(templatesUrl, traceparent);
    } catch (error) {
      console.error(`${name}: the templates cannot be read: ${(error as Error).message}`);
      return process.exit(1);
    }
  };
  const answer = async (method: unknown, params: Record<string, unknown>) => {
    switch (method) {
      case "initialize": {
        const serverInfo = { name, version: "1.0.0" };
        return { result: { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo } };
      }
      case "ping":
        return { result: {} };
      case "tools/list":
        return { result: { tools: server.tools } };
      case "tools/call": {
        const { traceparent } = objectIn(params._meta);
        const templates = await load(typeof traceparent === "string" ? traceparent : undefined);
        return { result: server.call(objectIn(params.arguments), templates) };
      }
      default:
        return { error: methodNotFound };
    }
  };
  await load();
  const lines = createInterface({ input: process.stdin });
  lines.on("line", async (line) => {
    const message = parseJson(line);
    // Neither a notification nor what is no message gets an answer.
    if (!isObject(message) || message.id === undefined) return;
    const { id, method, params } = message;
    process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, ...(await answer(method, objectIn(params))) })}\n`);
  });
  // With its input the gateway that started it has ended.
  lines.on("close", () => process.exit());
}

function objectIn(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}
