/** An MCP server on standard input and output, from the official SDK: `echo` answers, `exit` ends the process. */
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { z } from "zod";

const server = new McpServer({ name: "stdio-server", version: "1.0.0" });
server.registerTool(
  "echo",
  { inputSchema: { text: z.string(), delayMs: z.number().optional() } },
  async ({ text, delayMs }) => {
    if (delayMs) await new Promise((resolve) => setTimeout(resolve, delayMs));
    return { content: [{ type: "text", text: `${text} of ${process.pid}` }] };
  },
);
server.registerTool("environment", {}, () => ({
  content: [{ type: "text", text: Object.keys(process.env).sort().join(" ") }],
}));
server.registerTool("exit", {}, () => process.exit(3));
server.registerTool("grow", {}, () => {
  server.registerTool("grown", {}, () => ({ content: [] }));
  return { content: [] };
});
console.error("the server is starting");
await server.connect(new StdioServerTransport());
