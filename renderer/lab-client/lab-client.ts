import { LAB_BRIDGE_NAME, type LabBridge } from "../../electron/contract/bridge.ts";
import type { Upload } from "../../electron/contract/bundles.ts";
import type { LabProcedures } from "../../electron/contract/contract.ts";
import type { RunAnnotations } from "../../electron/model/annotations.ts";
import { Connection, type ConnectionState } from "./connection.ts";
import {
  followLab,
  followRun,
  followTelemetry,
  type LabFollower,
  type RunFollower,
  type TelemetryFollower,
} from "./follow.ts";
import { answerInvitations } from "./invitations.ts";
import { LabFailure } from "./lab-failure.ts";
import { messagePortTransport } from "./message-port-transport.ts";
import { procedures } from "./procedures.ts";
import type { Transport } from "./transport.ts";
import { webSocketTransport } from "./websocket-transport.ts";
import { WindowKey } from "./window-key.ts";

/** The page's client of the lab, the same in every host. */
export interface LabClient {
  /** False for a recorded run: nothing can be asked for, and nothing offers to. */
  readonly hasLab: boolean;
  /** Every call has a time limit and fails with a LabFailure. Use `followLab` and `followRun` for the event stream. */
  readonly call: Omit<LabProcedures, "events">;
  readonly connection: {
    readonly state: ConnectionState;
    onChange(listener: (state: ConnectionState) => void): () => void;
  };
  followLab(follower: LabFollower): () => void;
  followRun(run: { runId: string; afterSeq?: number }, follower: RunFollower): () => void;
  followTelemetry(run: { runId: string; after: number }, follower: TelemetryFollower): () => void;
  /** What persons wrote on a run. */
  annotations(runId: string): Promise<RunAnnotations>;
  /** Uploads a file to the host, for `bundles.verify` and `bundles.import`. */
  upload(file: File, signal?: AbortSignal): Promise<Upload>;
  /** Called when the shell navigates the page, such as to `run/<id>` from a deep link; never called in a browser. */
  onNavigate(listener: (route: string) => void): () => void;
  close(): void;
}

/** Connects by the bridge on the window if present, else by WebSocket. */
export function connectToLab(): LabClient {
  const bridge = (window as unknown as Record<string, LabBridge | undefined>)[LAB_BRIDGE_NAME];
  if (bridge !== undefined) return labClient(messagePortTransport(bridge), bridge);
  const client = labClient(webSocketTransport(window.location, new WindowKey()));
  answerInvitations(async () => {
    const isConnected = client.connection.state.is === "connected";
    return isConnected ? (await client.call.windows.invite()).key : undefined;
  });
  return client;
}

export function labClient(transport: Transport, bridge?: LabBridge): LabClient {
  const connection = new Connection(transport);
  const call = procedures(connection);
  return {
    hasLab: true,
    call,
    connection,
    followLab: (follower) => followLab(connection, follower),
    followRun: (run, follower) => followRun(connection, run, follower),
    followTelemetry: (run, follower) => followTelemetry(connection, run, follower),
    annotations: async (runId) => (await call.history.get({ runId })).annotations,
    upload: (file, signal) => uploadFile(file, transport.requestHeaders?.() ?? {}, signal),
    onNavigate: (listener) => bridge?.onNavigate(listener) ?? (() => {}),
    close: () => connection.close(),
  };
}

const UPLOAD_LIMIT_MS = 120_000;

async function uploadFile(file: File, ofHost: Record<string, string>, signal?: AbortSignal): Promise<Upload> {
  const limit = AbortSignal.timeout(UPLOAD_LIMIT_MS);
  try {
    const answer = await fetch("/uploads", {
      method: "POST",
      body: file,
      headers: {
        ...ofHost,
        "content-type": "application/octet-stream",
        "x-file-name": encodeURIComponent(file.name),
      },
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    });
    if (answer.ok) return (await answer.json()) as Upload;
    throw new LabFailure("bad-input", (await answer.text()).slice(0, 500));
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (error instanceof LabFailure) throw error;
    throw new LabFailure("disconnected", `${file.name} could not be uploaded to the lab`, { cause: error });
  }
}
