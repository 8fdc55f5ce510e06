import { Modal } from "@mantine/core";
import { useMergedRef, useReducedMotion, useResizeObserver } from "@mantine/hooks";
import { type RefObject, useState } from "react";
import type { WaitingApproval } from "../../electron/contract/approvals.ts";
import { type Stage, type StageCall, type StageLink, type StageService, stageAt } from "../../electron/model/stage.ts";
import { visibleLine } from "../../electron/model/visible-text.ts";
import { ApprovalButtons } from "../approvals/approval-buttons.tsx";
import { ArgumentList } from "../approvals/argument-list.tsx";
import { argumentsInOneLine } from "../approvals/arguments-of.ts";
import { TimeLeft, useSecondsLeft } from "../approvals/time-left.tsx";
import { layOutMap, NODE_HEIGHT, NODE_WIDTH } from "../stack/map-layout.ts";
import { useInteraction } from "../state/lab-context.tsx";
import type { OpenRun } from "../state/lab-store.ts";
import { toneVariable } from "../ui/tone-mark.tsx";
import { dotShare, faultText } from "./map-dots.ts";
import classes from "./run-map.module.css";
import { useRunClock } from "./use-run-clock.ts";

/** As in the style sheet. */
const PADDING_PX = 8;
const HELD_WIDER = 76;
const HELD_HEIGHT = 163;

interface RunMapProps {
  run: OpenRun;
  /** Calls of the run that wait for a person now. */
  heldCalls: readonly WaitingApproval[];
  /** While a paced run waits, their time stands still. */
  stands: boolean;
  element: RefObject<SVGSVGElement | null>;
}

/** The stack at the moment of the run that the timeline shows: states, faults, and each open call as a dot. */
export function RunMap({ run, heldCalls, stands, element }: RunMapProps) {
  const cursorMs = useInteraction((state) => state.cursorMs);
  const liveMs = useRunClock(run);
  const isReduced = useReducedMotion();
  const { record } = run;
  const ms = cursorMs ?? liveMs;
  const stage = stageAt(record.view, ms);
  // It carries the links, and is on none of them.
  const shown = stage.services.filter(({ role }) => role !== "fault-proxy");
  const map = layOutMap(shown, stage.links);
  const gatewayName = shown.find(({ role }) => role === "gateway")?.name;
  const gateway = map.services.find(({ name }) => name === gatewayName);
  const [held] = heldCalls;
  const height = Math.max(map.height, held === undefined ? 0 : (gateway?.y ?? 0) + NODE_HEIGHT + 4 + HELD_HEIGHT);
  const [measured, sizePx] = useResizeObserver();
  const below = roomBelow(sizePx, { width: map.width + 4, height: height + 4 });
  const left = (faults: StageService["faults"]) => faultText(faults, ms);
  return (
    <svg
      ref={useMergedRef(element, measured)}
      className={classes.map}
      viewBox={`-2 -2 ${map.width + 4} ${height + 4}`}
      // With buttons in it, it is no picture.
      role={held === undefined ? "img" : "group"}
      aria-label={summaryOf(stage)}
      data-calls={stage.calls.length}
    >
      {map.links.map(({ name, path, x, y }) => {
        const link = stage.links.find((each) => each.name === name);
        return link === undefined ? null : (
          <LinkLine key={name} link={link} path={path} x={x} y={y} text={left(link.faults)} />
        );
      })}
      {[...map.services, ...map.outside].map(({ name, x, y }) => (
        <ServiceNode
          key={name}
          name={name}
          x={x}
          y={y}
          service={shown.find((each) => each.name === name)}
          left={left}
        />
      ))}
      {map.links.flatMap(({ name, path }) =>
        stage.calls
          .filter(({ link }) => link === name)
          .map((call, index) => (
            <Dot key={call.id} call={call} path={path} index={index} isReduced={isReduced === true} />
          )),
      )}
      {map.services.flatMap(({ name, x, y }) =>
        stage.calls
          .filter(({ link, service }) => link === undefined && service === name)
          .map((call, index) => (
            <circle key={call.id} className={classes.dot} r={5} cx={x + NODE_WIDTH - 10 - index * 12} cy={y + 10}>
              <title>{visibleLine(call.name)}</title>
            </circle>
          )),
      )}
      <Words stage={stage} places={[...map.services, ...map.outside]} bottom={height + below} />
      {held !== undefined && gateway !== undefined && (
        <foreignObject
          x={gateway.x - HELD_WIDER / 2}
          y={gateway.y + NODE_HEIGHT + 4}
          width={NODE_WIDTH + HELD_WIDER}
          height={HELD_HEIGHT}
        >
          <HeldCall approval={held} stands={stands} others={heldCalls.length - 1} />
        </foreignObject>
      )}
    </svg>
  );
}

/** At the gateway, which holds the call: the person's two decisions. */
function HeldCall({ approval, stands, others }: { approval: WaitingApproval; stands: boolean; others: number }) {
  const left = useSecondsLeft(approval.expiresWallMs);
  return (
    <section className={classes.held} aria-label={`${approval.tool} waits for a person`}>
      <b role="timer" aria-label="Time left">
        {left === undefined ? <TimeLeft approval={approval} stands={stands} /> : `${left} s`}
      </b>
      <HeldArguments approval={approval} />
      <ApprovalButtons approval={approval} />
      {others > 0 && <span>{others} more wait</span>}
    </section>
  );
}

/** What the person decides on: what fits, and all of it in a dialog. */
function HeldArguments({ approval: { tool, arguments: value } }: { approval: WaitingApproval }) {
  const [isOpen, setOpen] = useState(false);
  const title = `Arguments of ${visibleLine(tool)}`;
  const line = argumentsInOneLine(value);
  return (
    <>
      <button
        type="button"
        className={classes.arguments}
        aria-haspopup="dialog"
        title="All arguments"
        onClick={() => setOpen(true)}
      >
        <b>{visibleLine(tool)}</b> {line === "" ? "without arguments" : line}
      </button>
      <Modal
        opened={isOpen}
        onClose={() => setOpen(false)}
        title={title}
        size="xl"
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <div className={classes.whole}>
          <ArgumentList value={value} label={title} />
        </div>
      </Modal>
    </>
  );
}

function LinkLine({ link, path, x, y, text }: { link: StageLink; path: string; x: number; y: number; text: string }) {
  const isBroken = link.faults.length > 0;
  return (
    <g className={classes.link} data-broken={isBroken || undefined}>
      <path d={path} />
      {isBroken && (
        <>
          <circle cx={x} cy={y} r={5} />
          <text x={x} y={y - 9} textAnchor="middle">
            {text}
          </text>
        </>
      )}
    </g>
  );
}

const TEXT_X = 13;
const FONT = 15;
/** Widths of characters as shares of the font's size: narrow, wide and other ones. */
const NARROW = 0.36;
const WIDE = 0.92;
const OTHER = 0.62;

/** Texts that would not fit a node are compressed instead of cut off. */
function fitting(text: string) {
  const room = NODE_WIDTH - TEXT_X - 5;
  const widths = [...text].map((each) =>
    /[mwMW@]/.test(each) ? WIDE : /[ijlrtfI1.,:;' -]/.test(each) ? NARROW : OTHER,
  );
  const width = widths.reduce((sum, each) => sum + each, 0) * FONT;
  return width > room ? ({ textLength: room, lengthAdjust: "spacingAndGlyphs" } as const) : {};
}

interface ServiceNodeProps {
  name: string;
  x: number;
  y: number;
  service: StageService | undefined;
  left: (faults: StageService["faults"]) => string;
}

function ServiceNode({ name, x, y, service, left }: ServiceNodeProps) {
  const tone = service?.status ?? "unknown";
  const text =
    service === undefined
      ? "outside the stack"
      : service.faults.length > 0
        ? left(service.faults)
        : service.held > 0
          ? `${service.held} ${service.held === 1 ? "call waits" : "calls wait"}`
          : service.status;
  // A service may be down before its health says so.
  const textTone = (service?.faults.length ?? 0) > 0 ? "fault" : (service?.held ?? 0) > 0 ? "approvalRequired" : tone;
  return (
    <g
      className={classes.node}
      transform={`translate(${x} ${y})`}
      data-service={name}
      data-broken={(service?.faults.length ?? 0) > 0 || undefined}
    >
      <rect width={NODE_WIDTH} height={NODE_HEIGHT} rx={5} />
      <rect
        className={classes.health}
        width={4}
        height={NODE_HEIGHT - 12}
        x={4}
        y={6}
        rx={2}
        fill={`var(${toneVariable(tone)})`}
      />
      <text x={TEXT_X} y={20} className={classes.name} {...fitting(name)}>
        {name}
      </text>
      <text x={TEXT_X} y={38} className={classes.state} fill={`var(${toneVariable(textTone)})`} {...fitting(text)}>
        {text}
      </text>
    </g>
  );
}

function Dot({ call, path, index, isReduced }: { call: StageCall; path: string; index: number; isReduced: boolean }) {
  return (
    <circle
      className={classes.dot}
      r={5}
      style={{ offsetPath: `path("${path}")`, offsetDistance: `${dotShare(call.openMs, index, isReduced) * 100}%` }}
    >
      <title>{visibleLine(call.name)}</title>
    </circle>
  );
}

/** Of the agent's answer, as its font and line height make it. */
const WORDS_LINE = 19.5;

interface Size {
  width: number;
  height: number;
}

/** How much of its element is below the drawing, which is in the middle of it; in units of the drawing. */
function roomBelow(elementPx: Size, drawing: Size): number {
  const [width, height] = [elementPx.width - 2 * PADDING_PX, elementPx.height - 2 * PADDING_PX];
  if (width <= 0 || height <= 0) return 0;
  const scale = Math.min(width / drawing.width, height / drawing.height);
  return (height / scale - drawing.height) / 2;
}

/** The agent's last answer, below the agent: as much of it as there is room for. */
function Words({
  stage,
  places,
  bottom,
}: {
  stage: Stage;
  places: readonly { name: string; x: number; y: number }[];
  /** Of the room that there is, as `places` are. */
  bottom: number;
}) {
  const { said } = stage;
  const place = places.find(({ name }) => name === said?.by);
  if (said === undefined || place === undefined) return null;
  const top = place.y + NODE_HEIGHT + 6;
  const below = places.filter(({ x, y }) => x === place.x && y > place.y).map(({ y }) => y);
  const lines = Math.floor((Math.min(bottom, ...below) - top) / WORDS_LINE);
  if (lines < 1) return null;
  return (
    <foreignObject x={place.x} y={top} width={NODE_WIDTH + 24} height={lines * WORDS_LINE}>
      <p className={classes.words} style={{ WebkitLineClamp: lines }}>
        {visibleLine(said.text)}
      </p>
    </foreignObject>
  );
}

/** What the map shows, for who does not see it. */
function summaryOf({ services, links, calls }: Stage): string {
  const states = services.map(({ name, status, faults }) =>
    faults.length === 0
      ? `${name} ${status}`
      : `${name} ${status}, ${faults.map(({ attributes }) => attributes.kind).join(", ")}`,
  );
  const broken = links.flatMap(({ name, faults }) => faults.map(({ attributes }) => `${attributes.kind} on ${name}`));
  return `Map of the run: ${[...states, ...broken, `${calls.length} ${calls.length === 1 ? "call" : "calls"} open`].join("; ")}`;
}
