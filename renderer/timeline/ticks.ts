import type { Axis, Projection, Viewport } from "./axis.ts";

export interface Tick {
  ms: number;
  px: number;
  label: string;
}

const LEAST_PX = 84;
const LEAST_LABEL_PX = 34;

/** Round times along the axis, far enough apart for their labels; none inside a collapsed gap or under its label. */
export function ticks(axis: Axis, viewport: Viewport, scale: Projection): Tick[] {
  const stepMs = roundStep(((viewport.endUnit - viewport.startUnit) / scale.widthPx) * LEAST_PX);
  const found: Tick[] = [];
  for (const [index, segment] of axis.segments.entries()) {
    if (segment.isIdle || segment.endUnit < viewport.startUnit || segment.startUnit > viewport.endUnit) continue;
    const fromMs = Math.max(segment.startMs, axis.toMs(viewport.startUnit));
    const toMs = Math.min(segment.endMs, axis.toMs(viewport.endUnit));
    const endPx = axis.segments[index + 1]?.isIdle ? Math.min(scale.widthPx, scale.toPx(segment.endMs)) : scale.widthPx;
    for (let ms = Math.ceil(fromMs / stepMs) * stepMs; ms <= toMs + stepMs * 1e-6; ms += stepMs) {
      const px = scale.toPx(ms);
      const previous = found.at(-1);
      if (px > endPx - LEAST_LABEL_PX) break;
      if (previous !== undefined && px - previous.px < LEAST_PX * 0.7) continue;
      found.push({ ms, px, label: tickLabel(ms, stepMs) });
    }
  }
  return found;
}

/** The next of 1, 2, 5 times a power of ten; from a minute on, divisors of minutes and hours. */
function roundStep(leastMs: number): number {
  const CLOCK_STEPS_MS = [60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000];
  if (leastMs > 20_000) return CLOCK_STEPS_MS.find((step) => step >= leastMs) ?? 3_600_000;
  const power = 10 ** Math.floor(Math.log10(Math.max(leastMs, 1e-3)));
  return power * ([1, 2, 5].find((factor) => factor * power >= leastMs) ?? 10);
}

function tickLabel(ms: number, stepMs: number): string {
  if (ms === 0) return "0";
  if (stepMs >= 60_000) return `${Math.round(ms / 60_000)} min`;
  if (stepMs >= 1_000) return `${Math.round(ms / 1_000)} s`;
  if (ms >= 1_000 || stepMs >= 100)
    return `${(ms / 1_000).toFixed(Math.min(3, Math.ceil(-Math.log10(stepMs / 1_000))))} s`;
  return `${ms.toFixed(Math.max(0, Math.ceil(-Math.log10(stepMs))))} ms`;
}
