import { z } from "zod";

/** How a service is probed, as written in a stack file. */
export const probe = z.union(
  [
    z
      .strictObject({ http: z.string().startsWith("/") })
      .describe("GET; 2xx is up, a status of degraded in the JSON is degraded"),
    z
      .strictObject({ mcp: z.string().startsWith("/") })
      .describe("an MCP handshake over Streamable HTTP succeeds; later checks are pings in its session"),
    z.strictObject({ tcp: z.literal(true) }).describe("the port accepts a connection"),
    z
      .strictObject({ container: z.literal(true) })
      .describe("its container runs, and its own health check, where it has one, passes; needs no port"),
    z
      .strictObject({
        postgres: z.union([
          z.string().startsWith("postgres"),
          z.strictObject({ user: z.string().min(1), password: z.string(), database: z.string().min(1) }),
        ]),
      })
      .describe("SELECT 1, with a URL or with an account"),
  ],
  {
    error:
      "a probe is one of {http: /path}, {mcp: /path}, {tcp: true}, {postgres: url}, {postgres: {user, password, database}}, {container: true}",
  },
);
export type ProbeSpec = z.output<typeof probe>;
