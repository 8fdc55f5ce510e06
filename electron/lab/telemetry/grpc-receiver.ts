import type { Duplex } from "node:stream";
import {
  type handleUnaryCall,
  type Metadata,
  Server,
  ServerCredentials,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { encodeExportResponse, type OtlpSignal } from "../trace-files/otlp-protobuf.ts";
import { isAuthorized } from "./access.ts";
import { BODY_LIMIT, type Intake, type Refusal, RefusedExport } from "./intake.ts";

const METHODS: Record<OtlpSignal, string> = {
  traces: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
  logs: "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
  metrics: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
};
const CODES: Record<Refusal, status> = {
  malformed: status.INVALID_ARGUMENT,
  "too large": status.INVALID_ARGUMENT,
  // The one that exporters send again, later.
  busy: status.UNAVAILABLE,
};
const CONCURRENT_STREAMS = 32;

export interface GrpcReceiver {
  /** Serves a connection that a listener has accepted. */
  serve(connection: Duplex): void;
  close(): void;
}

/** OTLP over gRPC: https://opentelemetry.io/docs/specs/otlp/#otlpgrpc. @param token absent: none is asked for */
export function makeGrpcReceiver(intake: Intake, token: string | undefined): GrpcReceiver {
  const server = new Server({
    "grpc.max_receive_message_length": BODY_LIMIT,
    "grpc.max_concurrent_streams": CONCURRENT_STREAMS,
  });
  for (const [signal, path] of Object.entries(METHODS) as [OtlpSignal, string][]) {
    const handle: handleUnaryCall<Buffer, Uint8Array> = (call, callback) => {
      exported(call.request, signal, call.metadata, intake, token).then(
        (answer) => callback(null, answer),
        (error: unknown) => callback(serviceError(error)),
      );
    };
    // The body is read with all others, in its turn.
    server.register(
      path,
      handle,
      (answer: Uint8Array) => Buffer.from(answer),
      (request: Buffer) => request,
      "unary",
    );
  }
  const connections = server.createConnectionInjector(ServerCredentials.createInsecure());
  return {
    serve: (connection) => connections.injectConnection(connection),
    close() {
      connections.destroy();
      server.forceShutdown();
    },
  };
}

async function exported(
  body: Buffer,
  signal: OtlpSignal,
  metadata: Metadata,
  intake: Intake,
  token: string | undefined,
): Promise<Uint8Array> {
  if (!isAuthorized(metadata.get("authorization")[0]?.toString(), token)) throw new Unauthorized();
  const release = intake.reserve(body.length);
  try {
    const { rejected, message } = await intake.take(signal, "protobuf", body, false);
    return encodeExportResponse(rejected === 0 && message === "" ? undefined : { rejected, errorMessage: message });
  } finally {
    release();
  }
}

class Unauthorized extends Error {}

function serviceError(error: unknown): Partial<ServiceError> {
  if (error instanceof Unauthorized) {
    return {
      code: status.UNAUTHENTICATED,
      details: 'the token is missing or wrong: set the header "authorization: Bearer TOKEN"',
    };
  }
  if (error instanceof RefusedExport) return { code: CODES[error.refusal], details: error.message };
  return { code: status.INTERNAL, details: error instanceof Error ? error.message : String(error) };
}
