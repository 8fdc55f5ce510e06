import { implement } from "@orpc/server";
import { z } from "zod";
import type { Capabilities } from "../../../contract/capabilities.ts";
import { labContract } from "../../../contract/contract.ts";
import { LabError } from "../../lab-error.ts";
import { planScenario } from "../../scenarios/plan.ts";
import { scenario } from "../../scenarios/schema.ts";
import { LAB_VERSION } from "../../version.ts";
import { BundleService, type HostFiles } from "../bundles/bundle-service.ts";
import type { DiagnosticsService } from "../diagnostics/diagnostics-service.ts";
import type { EngineService } from "../engine-service.ts";
import { toHistoryPage, withKind } from "../history/run-summaries.ts";
import { scenarioOf } from "../scenarios/past-scenario.ts";
import { toCard, toDetail, validate } from "../scenarios/scenario-cards.ts";
import { runStream } from "../streams/run-stream.ts";
import type { OpenStream, PageConnection } from "../streams/stream-registry.ts";
import { toContractError } from "./lab-errors.ts";

/** What the host adds to the engine: what it can do for the page. */
export type HostAbilities = Pick<Capabilities, "host" | "export" | "openDialog" | "notifications" | "nativeTheme">;

/** Made by the host for each window that connects. */
export interface RouterContext {
  connection: PageConnection;
}

export interface RouterParts {
  service: EngineService;
  diagnostics: DiagnosticsService;
  host: HostAbilities;
  files: HostFiles;
  /** A key that lets one more window in; absent where windows need none. */
  invite?: () => string;
}

export type LabRouter = ReturnType<typeof labRouter>;

/** The contract, served by the engine. Whatever fails behind it reaches the page as one of the contract's errors. */
export function labRouter({ service, diagnostics, host, files, invite }: RouterParts) {
  const bundles = new BundleService(service, files);
  const lab = implement(labContract)
    .$context<RouterContext>()
    .use(async ({ next }) => {
      try {
        return await next();
      } catch (error) {
        throw toContractError(error);
      }
    });

  return lab.router({
    capabilities: {
      get: lab.capabilities.get.handler(() => ({
        ...host,
        labVersion: LAB_VERSION,
        platform: process.platform,
        bundles: true,
        readOnlyBecause: service.history.readOnlyBecause ?? null,
      })),
    },
    scenarios: {
      list: lab.scenarios.list.handler(async () => {
        const { scenarios, broken } = service.library.list();
        return { scenarios: await Promise.all(scenarios.map((listed) => toCard(listed, service.history))), broken };
      }),
      get: lab.scenarios.get.handler(({ input }) => toDetail(service.library.find(input.id), service.history)),
      plan: lab.scenarios.plan.handler(({ input }) => {
        const { loaded } = service.library.find(input.id);
        const steps = planScenario(loaded.scenario, service.stack.stack, service.stack.driver);
        return steps.map(({ fault, ...step }) => ({ ...step, fault: fault ?? null }));
      }),
      schema: lab.scenarios.schema.handler(() => z.toJSONSchema(scenario, { io: "input" }) as Record<string, unknown>),
      validate: lab.scenarios.validate.handler(({ input }) => validate(input.source)),
      save: lab.scenarios.save.handler(({ input: { source, ...options } }) => ({
        ids: service.saveScenario(source, options),
      })),
      delete: lab.scenarios.delete.handler(({ input }) => {
        service.deleteScenario(input.id);
        return {};
      }),
      getBroken: lab.scenarios.getBroken.handler(({ input }) => service.library.getBroken(input.name)),
      deleteBroken: lab.scenarios.deleteBroken.handler(({ input }) => {
        service.deleteBrokenScenario(input.name);
        return {};
      }),
    },
    stack: {
      status: lab.stack.status.handler(() => service.status()),
      up: lab.stack.up.handler(() => service.up()),
      down: lab.stack.down.handler(() => service.down()),
      fault: lab.stack.fault.handler(({ input }) => service.faults.apply(input)),
      undo: lab.stack.undo.handler(({ input }) => service.faults.undo(input.target)),
      start: lab.stack.start.handler(async ({ input }) => {
        await service.faults.startService(input.service);
        return service.status();
      }),
      halt: lab.stack.halt.handler(() => service.faults.halt()),
      arm: lab.stack.arm.handler(() => {
        service.faults.arm();
        return {};
      }),
    },
    runs: {
      start: lab.runs.start.handler(({ input: { scenarioIds, without, repeat } }) => {
        const scenarios = scenarioIds.map((id) => service.library.find(id).loaded);
        return { entries: service.startRuns(scenarios, without, repeat) };
      }),
      cancel: lab.runs.cancel.handler(({ input }) => {
        service.queue.cancel(input.entryId);
        return {};
      }),
      rerun: lab.runs.rerun.handler(async ({ input }) => {
        const { loaded, without } = await scenarioOf(service.history, service.library, input.runId);
        return { entries: service.startRuns([loaded], input.without ?? without, 1) };
      }),
      active: lab.runs.active.handler(() => service.queue.state()),
    },
    events: {
      subscribe: lab.events.subscribe.handler(async function* ({ input, context, signal }) {
        const { credit, close } = named(() => context.connection.open(input.subscription));
        const stream: OpenStream = { credit, behind: () => 0 };
        const forget = service.streams.add(stream);
        const gone = signal ?? new AbortController().signal;
        try {
          if (input.topic === "lab") return yield* service.state.stream(stream, gone);
          const { runId, afterSeq } = input;
          const { history, streams: registry } = service;
          const { texts } = context.connection;
          yield* runStream({ runId, afterSeq, feed: service.feed(runId), history, registry, texts }, stream, gone);
        } catch (error) {
          // The window has gone: there is nobody left to tell.
          if (!gone.aborted) throw toContractError(error);
        } finally {
          forget();
          close();
        }
      }),
      acknowledge: lab.events.acknowledge.handler(({ input, context }) => {
        context.connection.acknowledge(input.subscription, input.message);
        return {};
      }),
      state: lab.events.state.handler(() => service.state.current()),
    },
    approvals: {
      waiting: lab.approvals.waiting.handler(() => service.approvals.waiting()),
      decide: lab.approvals.decide.handler(({ input }) =>
        service.approvals.decide(input.ticket, input.decision, service.settings().operator),
      ),
      history: lab.approvals.history.handler(({ input: { limit, beforeWallMs } }) =>
        service.history.approvals(limit, beforeWallMs ?? Number.MAX_SAFE_INTEGER),
      ),
    },
    history: {
      list: lab.history.list.handler(async ({ input }) =>
        toHistoryPage(await service.history.list(input), service.settings().historyLimit),
      ),
      get: lab.history.get.handler(async ({ input }) => withKind(await service.history.get(input.runId))),
      events: lab.history.events.handler(({ input }) => service.history.eventPage(input)),
      laneSummary: lab.history.laneSummary.handler(({ input }) => service.history.laneSummary(input.runId)),
      delete: lab.history.delete.handler(({ input }) => service.deleteRuns(input.runIds)),
      pin: lab.history.pin.handler(async ({ input }) => {
        await service.pin(input.runId, input.pinned);
        return {};
      }),
    },
    settings: {
      get: lab.settings.get.handler(() => service.settings()),
      set: lab.settings.set.handler(({ input }) => service.changeSettings(input)),
    },
    bundles: {
      preview: lab.bundles.preview.handler(({ input, signal }) => bundles.preview(input.runIds, signal)),
      export: lab.bundles.export.handler(({ input, signal }) => bundles.export(input.runIds, signal)),
      choose: lab.bundles.choose.handler(() => bundles.choose()),
      verify: lab.bundles.verify.handler(({ input, signal }) => bundles.verify(input.upload, signal)),
      import: lab.bundles.import.handler(({ input, signal }) => bundles.import(input.upload, signal)),
    },
    windows: {
      invite: lab.windows.invite.handler(() => {
        if (invite === undefined) throw new LabError("unsupported", "windows of this host need no invitation");
        return { key: invite() };
      }),
    },
    diagnostics: { get: lab.diagnostics.get.handler(() => diagnostics.read(host.host)) },
  });
}

/** For what a stream does before its first message: the layer that names errors sees only how a call is answered. */
function named<Value>(work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    throw toContractError(error);
  }
}
