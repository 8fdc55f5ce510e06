import { BandwidthStage } from "./bandwidth.ts";
import { LatencyStage } from "./latency.ts";
import { LimitDataStage } from "./limit-data.ts";
import { PassStage } from "./pass.ts";
import { ResetPeerStage } from "./reset-peer.ts";
import { SlicerStage } from "./slicer.ts";
import { SlowCloseStage } from "./slow-close.ts";
import type { Port, Stage, StageContext } from "./stage.ts";
import { TimeoutStage } from "./timeout.ts";

const stages: Readonly<Record<string, new (context: StageContext, next: Port) => Stage>> = {
  latency: LatencyStage,
  bandwidth: BandwidthStage,
  slow_close: SlowCloseStage,
  timeout: TimeoutStage,
  reset_peer: ResetPeerStage,
  slicer: SlicerStage,
  limit_data: LimitDataStage,
};

/** The stage of the context's toxic, or a pass-through stage if its toxicity excludes the connection. */
export function createStage(context: StageContext, next: Port, isMet: boolean): Stage {
  const Type = isMet ? (stages[context.toxic.type] ?? PassStage) : PassStage;
  return new Type(context, next);
}
