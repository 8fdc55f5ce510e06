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

function operationOf({ path, summary, body, form, produces, query = {}, statuses }: ApiRoute): object {
  const inPath = path.includes("{id}") ? [{ name: "id", in: "path", required: true, schema: { type: "string" } }] : [];
  const inQuery = Object.entries(query).map(([name, description]) => {
    const schema = name === "status" ? { type: "array", items: { type: "string" } } : { type: "string" };
    return { name, in: "query", description, schema };
  });
  const content = contentOf(body, form);
  const answers = Object.entries({ ...statuses, ...(content && OF_BODIES), ...OF_ALL }).map(([status, description]) => {
    const type = status.startsWith("2") ? (produces ?? "application/json") : "application/json";
    return [status, { description, content: { [type]: { schema: type === "application/json" ? ENVELOPE : {} } } }];
  });
  return {
    summary,
    parameters: [...inPath, ...inQuery],
    ...(content && { requestBody: { required: true, content } }),
    responses: Object.fromEntries(answers),
  };
}

function contentOf(body: ApiRoute["body"], form: ApiRoute["form"]): object | undefined {
  if (form !== undefined) return { "multipart/form-data": { schema: form } };
  return body && { "application/json": { schema: z.toJSONSchema(body, { io: "input" }) } };
}

const OF_BODIES = { 413: "too large", 415: "another content type" };
const OF_ALL = { 401: "no valid token", 403: "of another origin, or for another host" };

const ENVELOPE = {
  type: "object",
  required: ["data", "error"],
  properties: { data: {}, error: { type: ["string", "null"] }, detail: {} },
};
