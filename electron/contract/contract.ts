import { type ContractRouterClient, eventIterator, oc, type } from "@orpc/contract";
import { z } from "zod";
import { runAnnotations } from "../model/annotations.ts";
import {
  approvalAnswer,
  approvalDecision,
  approvalHistory,
  approvalHistoryRequest,
  waitingApprovals,
} from "./approvals.ts";
import {
  exportPreview,
  exportRequest,
  exportResult,
  importResult,
  runFileRequest,
  runsReportRequest,
  upload,
  uploadRequest,
  verifyResult,
} from "./bundles.ts";
import { callAnswer, callRequest, listedTool, promptRequest } from "./calls.ts";
import { capabilities } from "./capabilities.ts";
import { diagnostics } from "./diagnostics.ts";
import { LAB_ERRORS } from "./errors.ts";
import { acknowledgeRequest, type LabState, type StreamMessage, subscribeRequest } from "./events.ts";
import { undoReport } from "./faults.ts";
import {
  annotateRequest,
  deleteReport,
  deleteRequest,
  type EventPage,
  eventPageRequest,
  historyFilter,
  historyPage,
  laneSummary,
  pinRequest,
  runDetail,
  runIdRequest,
  type SampledRun,
  samplesRequest,
} from "./history.ts";
import {
  playlistIdRequest,
  playlistList,
  playlistPlayRequest,
  playlistSaveRequest,
  playlistSummary,
} from "./playlists.ts";
import {
  attemptOfRun,
  queuedRunDetail,
  queuedRunRequest,
  queueList,
  queueListRequest,
  queueSubmitRequest,
  queueSubmitted,
} from "./queue.ts";
import { runCancelRequest, runNext, runQueue, runRerunRequest, runStarted, runStartRequest } from "./runs.ts";
import {
  brokenScenarioRequest,
  brokenScenarioText,
  scenarioCatalogue,
  scenarioDetail,
  scenarioIdRequest,
  scenarioPlan,
  scenarioSaveRequest,
  scenarioSourceRequest,
  scenarioValidation,
} from "./scenarios.ts";
import { sessionDetail, sessionEvaluation, sessionEvaluationRequest, sessionList, sessionRequest } from "./sessions.ts";
import { settings, settingsChange } from "./settings.ts";
import {
  faultRequest,
  linkTraffic,
  listenRequest,
  serviceInstance,
  serviceLogPage,
  serviceLogRequest,
  serviceRequest,
  stackStatus,
  targetRequest,
} from "./stack.ts";
import {
  composeRequest,
  forgetRequest,
  openedFile,
  probeResult,
  probeTrial,
  projectChanges,
  projectDescription,
  stackChoice,
  stackChoices,
} from "./stacks.ts";
import { evaluateRequest, evaluationStored, openedTrace, pullTraceRequest, traceUploadRequest } from "./traces.ts";

const procedure = oc.errors(LAB_ERRORS);
const done = z.object({});

/**
 * What every host serves and the page calls. Input is validated on arrival; the page sends intent only: names that are
 * looked up, never paths, commands or a driver's options.
 */
export const labContract = {
  capabilities: { get: procedure.output(capabilities) },
  scenarios: {
    list: procedure.output(scenarioCatalogue),
    get: procedure.input(scenarioIdRequest).output(scenarioDetail),
    /** What a run of it would touch, and how each fault is undone. Fails for a target that is not in the stack. */
    plan: procedure.input(scenarioIdRequest).output(scenarioPlan),
    /** The JSON Schema of a scenario file, for an editor's completion. */
    schema: procedure.output(z.record(z.string(), z.unknown())),
    validate: procedure.input(scenarioSourceRequest).output(scenarioValidation),
    save: procedure.input(scenarioSaveRequest).output(z.object({ ids: z.array(z.string()) })),
    /** User scenarios only. */
    delete: procedure.input(scenarioIdRequest).output(done),
    /** A user's file that is not a valid scenario, to be fixed with `save`. */
    /** A manual session as the text of a scenario that repeats its faults and calls. */
    fromManualRun: procedure.input(runIdRequest).output(z.object({ source: z.string() })),
    getBroken: procedure.input(brokenScenarioRequest).output(brokenScenarioText),
    deleteBroken: procedure.input(brokenScenarioRequest).output(done),
  },
  stacks: {
    /** What can be opened, asked of the engine now. */
    list: procedure.output(stackChoices),
    /** The compose tool of this machine, such as `docker compose 2.29.1`; null when it has none. Takes a second to ask. */
    composeTool: procedure.output(z.string().nullable()),
    /**
     * Restores what is broken on the stack that is open, closes it and opens another: a project is attached to as it is, the
     * reference stack is brought up when it is needed. Refused while a run is in progress.
     */
    use: procedure.input(stackChoice).output(stackStatus),
    /** Has the compose tool of this machine bring a project up, or stop it. Ends when the tool does. */
    compose: procedure.input(composeRequest).output(done),
    cancelCompose: procedure.output(done),
    /** Ends the build of an image of the lab's own; what waits for it fails. */
    cancelBuild: procedure.output(done),
    /** Asks the person for a compose file, where `capabilities.openDialog` is true, and lists it; null when none was chosen. */
    openFile: procedure.output(openedFile.nullable()),
    forget: procedure.input(forgetRequest).output(done),
    /** What the services and links of the project that is open are taken for. */
    describe: procedure.output(projectDescription),
    /** Probes a service of the stack that is open once, as it would be with these values. */
    tryProbe: procedure.input(probeTrial).output(probeResult),
    /** Saves corrections of the project that is open and opens it again with them, as {@link use} does. */
    saveDescription: procedure.input(projectChanges).output(stackStatus),
  },
  stack: {
    status: procedure.output(stackStatus),
    /** Resolves when every service is up; progress is in {@link LabState}. */
    up: procedure.output(stackStatus),
    /** Undoes every fault, then takes the stack down. Refused while a run is in progress. */
    down: procedure.output(stackStatus),
    /** Applies a manual fault, in a run of its own that ends when all manual faults are undone. */
    fault: procedure.input(faultRequest).output(z.object({ runId: z.string(), message: z.string() })),
    undo: procedure.input(targetRequest).output(undoReport),
    /** Starts a service that is down while no fault is in force on it. */
    start: procedure.input(serviceRequest).output(stackStatus),
    /** Its processes or containers, with what they use now. */
    instances: procedure.input(serviceRequest).output(z.array(serviceInstance)),
    /** Starts or stops reading the calls on the links, for {@link linkTraffic}. It stops by itself after an hour. */
    listen: procedure.input(listenRequest).output(stackStatus),
    /** Of every link, while the stack is listened to; else empty. */
    traffic: procedure.output(z.array(linkTraffic)),
    /** What a service prints: waits up to ten seconds for a line that is not there yet. */
    logs: procedure.input(serviceLogRequest).output(serviceLogPage),
    /** Cancels every run, undoes every fault and refuses new ones until the lab is armed again. */
    halt: procedure.output(undoReport),
    arm: procedure.output(done),
  },
  /** Calls through the gateway, and prompts to the agent, that a person sends to the stack that is up. */
  calls: {
    tools: procedure.output(z.array(listedTool)),
    /** Ends with the call, however it ends; fails where no session can be opened. */
    send: procedure.input(callRequest).output(callAnswer),
    /** Ends with the agent's answer, or with why there is none; fails for a stack without an agent. */
    prompt: procedure.input(promptRequest).output(callAnswer),
  },
  /** Sets of scenarios that are run in order. */
  playlists: {
    list: procedure.output(playlistList),
    /** Saves one of the user's own; replaces the one of the same title. */
    save: procedure.input(playlistSaveRequest).output(playlistSummary),
    delete: procedure.input(playlistIdRequest).output(done),
    play: procedure.input(playlistPlayRequest).output(runStarted),
  },
  runs: {
    start: procedure.input(runStartRequest).output(runStarted),
    cancel: procedure.input(runCancelRequest).output(done),
    /** Runs that an earlier lab left are run on the stack that is open now, or cancelled. */
    continueLeft: procedure.output(done),
    cancelLeft: procedure.output(done),
    /** The scenario as it was written for that run, with the same protections off unless others are named. */
    rerun: procedure.input(runRerunRequest).output(runStarted),
    /** Ends the wait of a paced run before its next step; `ended` is false when it does not wait. */
    next: procedure.output(runNext),
    active: procedure.output(runQueue),
  },
  /** All submitted runs: of windows, terminals and the HTTP API, on whatever stack. */
  queue: {
    list: procedure.input(queueListRequest).output(queueList),
    get: procedure.input(queuedRunRequest).output(queuedRunDetail),
    submit: procedure.input(queueSubmitRequest).output(queueSubmitted),
    cancel: procedure.input(queuedRunRequest).output(done),
    /** Submits the same again. */
    repeat: procedure.input(queuedRunRequest).output(queueSubmitted),
    attemptOf: procedure.input(runIdRequest).output(attemptOfRun),
  },
  events: {
    subscribe: procedure.input(subscribeRequest).output(eventIterator(type<StreamMessage>())),
    acknowledge: procedure.input(acknowledgeRequest).output(done),
    /** The current state, once: for a page that needs no stream. */
    state: procedure.output(type<LabState>()),
  },
  approvals: {
    waiting: procedure.output(waitingApprovals),
    /** Clicks the button of the approval message, so that the decision is signed as a person's would be. */
    decide: procedure.input(approvalDecision).output(approvalAnswer),
    history: procedure.input(approvalHistoryRequest).output(approvalHistory),
  },
  history: {
    list: procedure.input(historyFilter).output(historyPage),
    get: procedure.input(runIdRequest).output(runDetail),
    events: procedure.input(eventPageRequest).output(type<EventPage>()),
    laneSummary: procedure.input(runIdRequest).output(laneSummary),
    /** Calls and decisions of runs, to compare them. */
    samples: procedure.input(samplesRequest).output(type<SampledRun[]>()),
    delete: procedure.input(deleteRequest).output(deleteReport),
    pin: procedure.input(pinRequest).output(done),
    annotate: procedure.input(annotateRequest).output(runAnnotations),
  },
  /** Sessions of agents that send their spans to the lab without a scenario. */
  sessions: {
    list: procedure.output(sessionList),
    get: procedure.input(sessionRequest).output(sessionDetail),
    /** Compares its turns with the expected ones. */
    evaluate: procedure.input(sessionEvaluationRequest).output(sessionEvaluation),
    /** Adds it to the history as a run, with its spans. */
    keep: procedure.input(sessionRequest).output(z.object({ runId: z.string() })),
  },
  settings: { get: procedure.output(settings), set: procedure.input(settingsChange).output(settings) },
  windows: {
    /** A key for another window of the same browser that asked this one for it. Works once and for a minute or two. */
    invite: procedure.output(z.object({ key: z.string() })),
  },
  diagnostics: { get: procedure.output(diagnostics) },
  /** Traces without a run, and evaluations. */
  traces: {
    open: procedure.input(traceUploadRequest).output(openedTrace),
    /** Only where `capabilities.openDialog` is true; null when the person chose no file. */
    choose: procedure.output(upload.nullable()),
    /** From the query API of a Jaeger or a Tempo. */
    pull: procedure.input(pullTraceRequest).output(openedTrace),
    evaluate: procedure.input(evaluateRequest).output(evaluationStored),
    /** The turns of a trace or a run as an eval set that expects them. */
    saveExpected: procedure.input(runIdRequest).output(exportResult),
  },
  bundles: {
    /** What an export of the runs would redact, and what to review before sharing it. */
    preview: procedure.input(exportRequest).output(exportPreview),
    /** In one file. The host asks where to save it, or answers with the address to download it from. */
    export: procedure.input(exportRequest).output(exportResult),
    /** One run in a format of another tool; redacted as a bundle is. */
    exportFile: procedure.input(runFileRequest).output(exportResult),
    /** One report of several runs, for CI servers and people; redacted as a bundle is. */
    exportReport: procedure.input(runsReportRequest).output(exportResult),
    /** Only where `capabilities.openDialog` is true; null when the person chose no file. */
    choose: procedure.output(upload.nullable()),
    verify: procedure.input(uploadRequest).output(verifyResult),
    import: procedure.input(uploadRequest).output(importResult),
  },
} as const;

export type LabContract = typeof labContract;
/** What the page calls, typed by the contract alone. */
export type LabProcedures = ContractRouterClient<LabContract>;
