/** A kind of file that people give to the wrong command, or that another tool wrote. */
export type FileKind = "scenario" | "compose file" | "zip" | "trace" | "other";

interface Format {
  kind: FileKind;
  /** With its article. */
  name: string;
  /** All of them are in the text. */
  signs: readonly RegExp[];
  /** The command that reads it, or what to do instead. */
  advice: string;
}

const NOT_READ = "the lab has no command that reads it";
const OPEN_IT = "it is read by `traces open` and `evaluate`";
const EXPORT_OTLP = "export it as OTLP or as Jaeger JSON";
const RUN_IT = "it is given to `run`, `plan` and `scenarios validate`";
const CHAOS_TOOLKIT = {
  kind: "other",
  name: "a Chaos Toolkit experiment",
  advice: "write its method as the steps of a scenario: resources/docs/scenarios.md",
} as const;
const key = (name: string) => new RegExp(`(?:^|[{,])\\s*["']?${name}["']?\\s*:`, "m");
const topKey = (name: string) => new RegExp(`^(?:\\{\\s*)?["']?${name}["']?\\s*:`, "m");

/** The first that fits. Of a JSON or YAML file the field names that its format requires. */
const FORMATS: readonly Format[] = [
  {
    kind: "zip",
    name: "a zip file",
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the first bytes of every zip
    signs: [/^PK(?:\x03\x04|\x05\x06)/],
    advice: "a bundle of runs is read by `bundle import FILE`",
  },
  { kind: "other", name: "a JUnit report", signs: [/^\s*(?:<\?xml[^>]*>\s*)?<testsuites?\b/], advice: NOT_READ },
  { kind: "other", name: "an HTML page", signs: [/^\s*<(?:!doctype html|html)\b/i], advice: NOT_READ },
  { kind: "trace", name: "an OTLP trace", signs: [key("resource_?[sS]pans")], advice: OPEN_IT },
  {
    kind: "trace",
    name: "a Jaeger trace",
    signs: [key("traceID"), key("spanID"), key("operationName")],
    advice: OPEN_IT,
  },
  { kind: "other", name: "a Zipkin trace", signs: [key("traceId"), key("localEndpoint")], advice: EXPORT_OTLP },
  {
    kind: "other",
    name: "a Datadog trace",
    signs: [key("trace_id"), key("span_id"), key("resource"), key("service"), key("duration")],
    advice: EXPORT_OTLP,
  },
  {
    kind: "other",
    name: "the output of OpenTelemetry's console exporter",
    signs: [key("trace_?[iI]d"), key("(?:span_)?id"), key("trace_?[sS]tate"), key("resource"), key("attributes")],
    advice: "give the program an exporter of OTLP",
  },
  {
    kind: "other",
    name: "a data frame of Grafana",
    signs: [key("fields"), /["']traceID["']/, /["']spanID["']/],
    advice: "save the trace that its data source answers, or give its address and id to `traces pull`",
  },
  { kind: "other", name: "a trace of Chrome", signs: [key("traceEvents"), key("ph")], advice: NOT_READ },
  { kind: "other", name: "a HAR file", signs: [key("log"), key("entries"), key("version")], advice: NOT_READ },
  { ...CHAOS_TOOLKIT, signs: [key("steady-state-hypothesis")] },
  { ...CHAOS_TOOLKIT, signs: [key("method"), key("provider"), /type["']?\s*:\s*["']?(?:action|probe)\b/] },
  { kind: "other", name: "a Chaos Mesh manifest", signs: [topKey("apiVersion"), /chaos-mesh\.org/], advice: NOT_READ },
  { kind: "other", name: "a LitmusChaos manifest", signs: [topKey("apiVersion"), /litmuschaos\.io/], advice: NOT_READ },
  { kind: "other", name: "a Kubernetes manifest", signs: [topKey("apiVersion"), topKey("kind")], advice: NOT_READ },
  {
    kind: "other",
    name: "an ADK eval set",
    signs: [key("eval_cases")],
    advice: "it is given as `evaluate FILE --eval-set SET`",
  },
  {
    kind: "other",
    name: "a gateway policy",
    signs: [topKey("rules"), topKey("defaultAction")],
    advice: "the gateway reads it: POLICY_FILE in the stack file",
  },
  {
    kind: "scenario",
    name: "a scenario",
    signs: [topKey("steadyState"), topKey("method")],
    advice: RUN_IT,
  },
  {
    kind: "scenario",
    name: "a ToolGate suite",
    signs: [topKey("cases"), key("input")],
    advice: RUN_IT,
  },
  {
    kind: "compose file",
    name: "a compose file",
    signs: [topKey("services"), key("(?:image|build)")],
    advice: "it is given as --stack FILE",
  },
];

/**
 * What a file is, when it is not what the command expects: "a Jaeger trace: ...". Undefined for one that is not known, and
 * for the expected kind, whose own problems are more useful.
 * @param text all of the file, or its beginning
 */
export function recogniseFile(text: string, expected: FileKind): string | undefined {
  const found = FORMATS.find(({ signs }) => signs.every((sign) => sign.test(text)));
  return found === undefined || found.kind === expected ? undefined : `this is ${found.name}; ${found.advice}`;
}
