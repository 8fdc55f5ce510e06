import { implement } from "@orpc/server";
import { z } from "zod";
import type { Capabilities } from "../../../contract/capabilities.ts";
import { labContract } from "../../../contract/contract.ts";
import { LabError } from "../../lab-error.ts";
import { scenario } from "../../scenarios/schema.ts";
import { LAB_VERSION } from "../../version.ts";
import type { HostFiles } from "../bundles/bundle-service.ts";
import type { EngineService } from "../engine-service.ts";
import type { PageConnection } from "../streams/stream-registry.ts";
import { toContractError } from "./lab-errors.ts";

/** What the host adds to the engine: what it can do for the page. */
export type HostAbilities = Pick<Capabilities, "host" | "export" | "openDialog" | "notifications" | "nativeTheme">;

/** Made by the host for each window that connects. */
export interface RouterContext {
  connection: PageConnection;
}

export interface RouterParts {
  service: EngineService;
  host: HostAbilities;
  files: HostFiles;
  /** A key that lets one more window in; absent where windows need none. */
  invite?: () => string;
}

export type LabRouter = ReturnType<typeof labRouter>;

/** The contract, served by the engine. Whatever fails behind it reaches the page as one of the contract's errors. */
export function labRouter({ service, host, files, invite }: RouterParts) {
  const {
    scenarios,
    playlists,
    stack,
    faults,
    calls,
    runs,
    queue,
    state,
    streams,
    approvals,
    history,
    settings,
    sessions,
    bundles,
    traces,
    diagnostics,
  } = service;
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
        readOnlyBecause: history.readOnlyBecause ?? null,
      })),
    },
    scenarios: {
      list: lab.scenarios.list.handler(() => scenarios.list()),
      get: lab.scenarios.get.handler(({ input }) => scenarios.get(input.id)),
      plan: lab.scenarios.plan.handler(({ input }) =>
        scenarios.plan(input.id).map(({ fault, ...step }) => ({ ...step, fault: fault ?? null })),
      ),
      schema: lab.scenarios.schema.handler(() => z.toJSONSchema(scenario, { io: "input" }) as Record<string, unknown>),
      validate: lab.scenarios.validate.handler(({ input }) => scenarios.validate(input.source)),
      save: lab.scenarios.save.handler(({ input: { source, ...options } }) => ({
        ids: scenarios.save(source, options),
      })),
      delete: lab.scenarios.delete.handler(({ input }) => {
        scenarios.delete(input.id);
        return {};
      }),
      fromManualRun: lab.scenarios.fromManualRun.handler(async ({ input }) => ({
        source: await scenarios.fromManualRun(input.runId),
      })),
      getBroken: lab.scenarios.getBroken.handler(({ input }) => scenarios.getBroken(input.name)),
      deleteBroken: lab.scenarios.deleteBroken.handler(({ input }) => {
        scenarios.deleteBroken(input.name);
        return {};
      }),
    },
    stacks: {
      list: lab.stacks.list.handler(() => stack.choices()),
      composeTool: lab.stacks.composeTool.handler(() => stack.composeTool()),
      use: lab.stacks.use.handler(({ input }) => stack.use(input)),
      compose: lab.stacks.compose.handler(async ({ input }) => {
        await stack.compose(input);
        return {};
      }),
      cancelCompose: lab.stacks.cancelCompose.handler(() => {
        stack.cancelCompose();
        return {};
      }),
      cancelBuild: lab.stacks.cancelBuild.handler(() => {
        stack.cancelBuild();
        return {};
      }),
      openFile: lab.stacks.openFile.handler(async () => {
        const file = await files.chooseStack();
        return file === undefined ? null : (stack.addFile(file) ?? null);
      }),
      forget: lab.stacks.forget.handler(({ input }) => {
        stack.forget(input);
        return {};
      }),
      describe: lab.stacks.describe.handler(() => stack.description()),
      tryProbe: lab.stacks.tryProbe.handler(({ input }) => stack.tryProbe(input)),
      saveDescription: lab.stacks.saveDescription.handler(({ input }) => stack.saveDescription(input)),
    },
    stack: {
      status: lab.stack.status.handler(() => stack.status()),
      up: lab.stack.up.handler(() => stack.up()),
      down: lab.stack.down.handler(() => stack.down()),
      fault: lab.stack.fault.handler(({ input }) => faults.apply(input)),
      undo: lab.stack.undo.handler(({ input }) => faults.undo(input.target)),
      start: lab.stack.start.handler(async ({ input }) => {
        await faults.startService(input.service);
        return stack.status();
      }),
      instances: lab.stack.instances.handler(({ input }) => stack.instances(input.service)),
      listen: lab.stack.listen.handler(({ input }) => stack.listen(input.on)),
      traffic: lab.stack.traffic.handler(() => stack.traffic()),
      logs: lab.stack.logs.handler(({ input, signal }) => stack.readLogs(input, signal)),
      halt: lab.stack.halt.handler(() => faults.halt()),
      arm: lab.stack.arm.handler(() => {
        faults.arm();
        return {};
      }),
    },
    calls: {
      tools: lab.calls.tools.handler(() => calls.tools()),
      send: lab.calls.send.handler(({ input }) => calls.send(input)),
      prompt: lab.calls.prompt.handler(({ input }) => calls.prompt(input.prompt)),
    },
    playlists: {
      list: lab.playlists.list.handler(() => ({ playlists: playlists.list() })),
      save: lab.playlists.save.handler(({ input: { title, scenarioIds, firstWithout } }) =>
        playlists.save(title, scenarioIds, firstWithout),
      ),
      delete: lab.playlists.delete.handler(({ input }) => {
        playlists.delete(input.id);
        return {};
      }),
      play: lab.playlists.play.handler(async ({ input }) => ({
        entries: await runs.play(playlists.runsOf(input.id), input.pace),
      })),
    },
    runs: {
      start: lab.runs.start.handler(async ({ input: { scenarioIds, without, matrix, repeat, pace } }) => {
        const chosen = scenarioIds.map((id) => scenarios.find(id));
        return { entries: await runs.start(chosen, without, repeat, pace, matrix) };
      }),
      cancel: lab.runs.cancel.handler(async ({ input }) => {
        await runs.cancel(input.entryId);
        return {};
      }),
      continueLeft: lab.runs.continueLeft.handler(async () => {
        await runs.continueLeft();
        return {};
      }),
      cancelLeft: lab.runs.cancelLeft.handler(async () => {
        await runs.cancelLeft();
        return {};
      }),
      next: lab.runs.next.handler(() => ({ ended: runs.next() })),
      rerun: lab.runs.rerun.handler(async ({ input }) => {
        const { loaded, without } = await scenarios.ofRun(input.runId);
        return { entries: await runs.start([loaded], input.without ?? without, input.repeat) };
      }),
      active: lab.runs.active.handler(() => runs.state()),
    },
    queue: {
      list: lab.queue.list.handler(({ input }) => queue.list(input.limit)),
      get: lab.queue.get.handler(({ input }) => queue.get(input.runId)),
      submit: lab.queue.submit.handler(async ({ input }) => ({ runIds: await queue.submit(input, files) })),
      cancel: lab.queue.cancel.handler(async ({ input }) => {
        await queue.cancel(input.runId);
        return {};
      }),
      repeat: lab.queue.repeat.handler(async ({ input }) => ({ runIds: await queue.repeat(input.runId) })),
      attemptOf: lab.queue.attemptOf.handler(({ input }) => queue.attemptOf(input.runId)),
    },
    events: {
      subscribe: lab.events.subscribe.handler(async function* ({ input, context, signal }) {
        const gone = signal ?? new AbortController().signal;
        try {
          yield* streams.subscribe(input, context.connection, gone);
        } catch (error) {
          // The window has gone: there is nobody left to tell.
          if (!gone.aborted) throw toContractError(error);
        }
      }),
      acknowledge: lab.events.acknowledge.handler(({ input, context }) => {
        context.connection.acknowledge(input.subscription, input.message);
        return {};
      }),
      state: lab.events.state.handler(() => state.current()),
    },
    approvals: {
      waiting: lab.approvals.waiting.handler(() => approvals.waiting()),
      decide: lab.approvals.decide.handler(({ input }) =>
        approvals.decide(input.ticket, input.decision, settings.current().operator),
      ),
      history: lab.approvals.history.handler(({ input: { limit, beforeWallMs } }) =>
        history.approvals(limit, beforeWallMs ?? Number.MAX_SAFE_INTEGER),
      ),
    },
    history: {
      list: lab.history.list.handler(({ input }) => history.list(input)),
      get: lab.history.get.handler(({ input }) => history.get(input.runId)),
      events: lab.history.events.handler(({ input }) => history.eventPage(input)),
      laneSummary: lab.history.laneSummary.handler(({ input }) => history.laneSummary(input.runId)),
      samples: lab.history.samples.handler(({ input, signal }) => history.samples(input.runIds, signal)),
      delete: lab.history.delete.handler(({ input }) => history.delete(input.runIds)),
      pin: lab.history.pin.handler(async ({ input }) => {
        await history.pin(input.runId, input.pinned);
        return {};
      }),
      annotate: lab.history.annotate.handler(({ input }) => history.annotate(input.runId, input.change)),
    },
    sessions: {
      list: lab.sessions.list.handler(() => sessions.list()),
      get: lab.sessions.get.handler(({ input }) => sessions.get(input.id)),
      evaluate: lab.sessions.evaluate.handler(({ input: { id, ...request }, signal }) =>
        sessions.evaluate(id, request, signal ?? new AbortController().signal),
      ),
      keep: lab.sessions.keep.handler(({ input }) => sessions.keep(input.id)),
    },
    settings: {
      get: lab.settings.get.handler(() => settings.current()),
      set: lab.settings.set.handler(({ input }) => settings.change(input)),
    },
    traces: {
      open: lab.traces.open.handler(({ input, signal }) => traces.open(input.upload, files, signal)),
      choose: lab.traces.choose.handler(() => files.choose("trace")),
      pull: lab.traces.pull.handler(({ input, signal }) => traces.pull(input.address, input.traceId, signal)),
      evaluate: lab.traces.evaluate.handler(({ input, signal }) => traces.evaluate(input, files, signal)),
      saveExpected: lab.traces.saveExpected.handler(({ input, signal }) =>
        traces.saveExpected(input.runId, files, signal),
      ),
    },
    bundles: {
      preview: lab.bundles.preview.handler(({ input, signal }) => bundles.preview(input.runIds, signal)),
      export: lab.bundles.export.handler(({ input, signal }) => bundles.export(input.runIds, files, signal)),
      exportFile: lab.bundles.exportFile.handler(({ input: { runId, format }, signal }) =>
        bundles.exportFile(runId, format, files, signal),
      ),
      exportReport: lab.bundles.exportReport.handler(({ input: { runIds, format }, signal }) =>
        bundles.exportReport(runIds, format, files, signal),
      ),
      choose: lab.bundles.choose.handler(() => files.choose("bundle")),
      verify: lab.bundles.verify.handler(({ input, signal }) => bundles.verify(input.upload, files, signal)),
      import: lab.bundles.import.handler(({ input, signal }) => bundles.import(input.upload, files, signal)),
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
