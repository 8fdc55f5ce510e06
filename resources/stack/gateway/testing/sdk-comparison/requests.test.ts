import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { startBackend } from "../backend.ts";
import { launchGateway, type TestGateway } from "../lab.ts";
import { refusalDifferences, requestDifferences } from "./request-differences.ts";
import { requests } from "./requests.ts";
import { type SdkServer, startBare, startInExpress } from "./sdk-server.ts";
import { type Outcome, outcomeOf, type RequestInput } from "./send-request.ts";

interface Judged {
  /** The outcomes of the SDK's arrangements that accept the request, if any does. */
  sdk: Outcome[];
  ours: Outcome;
}

const accepted = ({ status }: Outcome): boolean => status < 400;
const surveyLimitMs = 120_000;
const survey = new Map<string, Judged>();

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), "sdk-requests-"));
  const backend = await startBackend({ tools: ["echo"] });
  const sdkServers = await Promise.all([startInExpress(), startBare()]);
  const gateway = await launchGateway(
    { AUDIT_FILE: join(folder, "audit.jsonl"), BACKENDS: `test=${backend.url}` },
    "rules: []\ndefaultAction: allow\n",
  );
  for (const input of requests) survey.set(input.what, await judge(input, sdkServers, gateway));
  await gateway.stop();
  await Promise.all([...sdkServers.map((server) => server.stop()), backend.down()]);
  rmSync(folder, { recursive: true, force: true });
}, surveyLimitMs);

async function judge(input: RequestInput, sdkServers: SdkServer[], gateway: TestGateway): Promise<Judged> {
  await Promise.all(sdkServers.map((server) => server.reset()));
  const ports = [Number(new URL(gateway.url).port), ...sdkServers.map(({ port }) => port)];
  const [ours, ...outcomes] = await Promise.all(ports.map((port) => outcomeOf(input, port)));
  if (!ours) throw new Error("no outcome");
  return { sdk: outcomes.some(accepted) ? outcomes.filter(accepted) : outcomes, ours };
}

/** Both refuse: how their refusals differ is listed once for all requests. Undefined if they do not. */
function refusalDifference({ sdk, ours }: Judged): string | undefined {
  if (accepted(ours) || sdk.some(accepted) || sdk.some(({ answer }) => answer === ours.answer)) return undefined;
  return `${sdk.at(-1)?.answer} is ${ours.answer}`.replaceAll(/ id \S+/g, " with id");
}

const textOf = (outcome: Outcome): string =>
  accepted(outcome) ? `${outcome.status} ${outcome.answer}` : `${outcome.status}`;

it.each(requests)("$what: answered as by the SDK's server, or as listed", ({ what }) => {
  const { sdk, ours } = survey.get(what) as Judged;
  const texts = sdk.map(textOf);
  const seen = texts.includes(textOf(ours)) ? undefined : { sdk: texts[0], gateway: textOf(ours) };
  const listed = requestDifferences[what];
  expect(seen).toEqual(listed && { sdk: listed.sdk, gateway: listed.gateway });
});

it("refuses as the SDK's server does, or as listed for all refusals", () => {
  const seen = [...survey.values()].map(refusalDifference).filter((difference) => difference !== undefined);
  expect([...new Set(seen)].sort()).toEqual(Object.keys(refusalDifferences).sort());
});

it("lists differences of requests that are sent, each once", () => {
  const names = requests.map(({ what }) => what);
  expect(new Set(names).size).toBe(names.length);
  expect(Object.keys(requestDifferences).filter((what) => !names.includes(what))).toEqual([]);
});
