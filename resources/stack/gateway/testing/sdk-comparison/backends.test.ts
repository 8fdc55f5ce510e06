import { beforeAll, expect, it } from "vitest";
import { backendDifferences } from "./backend-differences.ts";
import { backends } from "./backends.ts";
import { callWithGateway, callWithSdk, outcomeOf } from "./call-outcome.ts";

const surveyLimitMs = 120_000;
const atOnce = 8;
const survey = new Map<string, { sdk: string; gateway: string }>();

beforeAll(async () => {
  const waiting = [...backends];
  const work = async (): Promise<void> => {
    for (let input = waiting.shift(); input; input = waiting.shift()) {
      const sdk = await outcomeOf(input, callWithSdk);
      survey.set(input.what, { sdk, gateway: await outcomeOf(input, callWithGateway) });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}, surveyLimitMs);

it.each(backends)("$what: read as by the SDK's client, or as listed", ({ what }) => {
  const seen = survey.get(what);
  const listed = backendDifferences[what];
  expect(seen?.sdk === seen?.gateway ? undefined : seen).toEqual(
    listed && { sdk: listed.sdk, gateway: listed.gateway },
  );
});

it("lists differences of backends that are called, each once", () => {
  const names = backends.map(({ what }) => what);
  expect(new Set(names).size).toBe(names.length);
  expect(Object.keys(backendDifferences).filter((what) => !names.includes(what))).toEqual([]);
});
