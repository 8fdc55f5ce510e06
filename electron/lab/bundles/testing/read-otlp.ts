/**
 * OTLP's JSON as OpenTelemetry's specification writes it (opentelemetry-proto, "JSON Protobuf Encoding"): identifiers in
 * lower-case hexadecimal, 64-bit integers as decimal strings, enumerations as numbers. Independent of the exporter.
 */
import { z } from "zod";

const traceId = z.string().regex(/^(?!0+$)[0-9a-f]{32}$/);
const spanId = z.string().regex(/^(?!0+$)[0-9a-f]{16}$/);
const nano = z.string().regex(/^(0|[1-9]\d{0,19})$/);
const attributes = z
  .array(
    z.strictObject({
      key: z.string().min(1),
      value: z.union([
        z.strictObject({ stringValue: z.string() }),
        z.strictObject({ intValue: z.string().regex(/^-?\d+$/) }),
        z.strictObject({ doubleValue: z.number() }),
        z.strictObject({ boolValue: z.boolean() }),
        z.strictObject({ arrayValue: z.strictObject({ values: z.array(z.unknown()) }) }),
      ]),
    }),
  )
  .refine((list) => new Set(list.map(({ key }) => key)).size === list.length, "an attribute's key occurs once")
  .transform((list) => Object.fromEntries(list.map(({ key, value }) => [key, String(Object.values(value)[0])])));

const span = z.strictObject({
  traceId,
  spanId,
  parentSpanId: z.union([z.literal(""), spanId]).default(""),
  name: z.string().min(1),
  kind: z.int().min(0).max(5),
  startTimeUnixNano: nano,
  endTimeUnixNano: nano,
  attributes: attributes.default({}),
  events: z.array(z.strictObject({ timeUnixNano: nano, name: z.string().min(1), attributes })).default([]),
  links: z.array(z.strictObject({ traceId, spanId, attributes: attributes.optional() })).default([]),
  status: z.strictObject({ code: z.int().min(0).max(2), message: z.string().optional() }).default({ code: 0 }),
});

const exported = z.strictObject({
  resourceSpans: z.array(
    z.strictObject({
      resource: z.strictObject({ attributes }),
      scopeSpans: z.array(z.strictObject({ scope: z.strictObject({ name: z.string() }), spans: z.array(span) })),
    }),
  ),
});

export interface ReadSpan extends z.infer<typeof span> {
  service: string | undefined;
  durationMs: number;
  /** Ancestors from the root down to the parent. */
  above: ReadSpan[];
}

/**
 * Every span with its ancestors.
 * @throws when the text is not OTLP, an identifier occurs twice, a parent is missing, or parents form a circle
 */
export function readOtlp(text: string): ReadSpan[] {
  const spans = exported.parse(JSON.parse(text)).resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap((scope) =>
      scope.spans.map((each): ReadSpan => {
        const nanos = BigInt(each.endTimeUnixNano) - BigInt(each.startTimeUnixNano);
        if (nanos < 0n) throw new Error(`span ${each.name} ends before it begins`);
        return { ...each, service: resource.attributes["service.name"], durationMs: Number(nanos) / 1e6, above: [] };
      }),
    ),
  );
  const byId = new Map(spans.map((each) => [`${each.traceId} ${each.spanId}`, each]));
  if (byId.size !== spans.length) throw new Error(`${spans.length - byId.size} spans have the identifier of another`);
  for (const each of spans) {
    for (let child = each; child.parentSpanId !== ""; ) {
      const parent = byId.get(`${child.traceId} ${child.parentSpanId}`);
      if (parent === undefined) throw new Error(`the parent of span ${child.name} is missing`);
      if (each.above.includes(parent)) throw new Error(`span ${parent.name} is above itself`);
      each.above.unshift(parent);
      child = parent;
    }
  }
  return spans;
}
