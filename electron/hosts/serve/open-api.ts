import { z } from "zod";
import { LAB_VERSION } from "../../lab/version.ts";
import type { ApiRoute } from "./api-route.ts";

/** The API as an OpenAPI 3.1 document, from the same table that serves it. */
export function openApiDocument(routes: readonly ApiRoute[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const methods = paths[route.path] ?? {};
    paths[route.path] = methods;
    methods[route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: "3.1.0",
    info: { title: "Resilience Lab", version: LAB_VERSION },
    security: [{ token: [] }],
    paths,
    components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
  };
}

function operationOf({ path, summary, body, produces, query = {}, statuses }: ApiRoute): object {
  const inPath = path.includes("{id}") ? [{ name: "id", in: "path", required: true, schema: { type: "string" } }] : [];
  const inQuery = Object.entries(query).map(([name, description]) => {
    const schema = name === "status" ? { type: "array", items: { type: "string" } } : { type: "string" };
    return { name, in: "query", description, schema };
  });
  const answers = Object.entries({ ...statuses, 401: "no valid token" }).map(([status, description]) => {
    const type = status.startsWith("2") ? (produces ?? "application/json") : "application/json";
    return [status, { description, content: { [type]: { schema: type === "application/json" ? ENVELOPE : {} } } }];
  });
  return {
    summary,
    parameters: [...inPath, ...inQuery],
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { "application/json": { schema: z.toJSONSchema(body, { io: "input" }) } },
          },
        }),
    responses: Object.fromEntries(answers),
  };
}

const ENVELOPE = {
  type: "object",
  required: ["data", "error"],
  properties: { data: {}, error: { type: ["string", "null"] }, detail: {} },
};
