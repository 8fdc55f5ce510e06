import type { KeyboardEvent } from "react";
import type { FaultInForce } from "../../electron/contract/faults.ts";
import type { LinkStatus, LinkTraffic, ServiceStatus, StackStatus } from "../../electron/contract/stack.ts";
import type { Tone } from "../../electron/model/tone.ts";
import { toneVariable } from "../ui/tone-mark.tsx";
import { layOutMap, NODE_HEIGHT, NODE_WIDTH } from "./map-layout.ts";
import classes from "./stack-map.module.css";
import { rateText, trafficText } from "./traffic-text.ts";

interface StackMapProps {
  stack: StackStatus;
  /** By the links' names, while they are listened to. */
  traffic: ReadonlyMap<string, LinkTraffic>;
  selected: string | undefined;
  onSelect: (name: string | undefined) => void;
}

/** Services and links with their health and faults. */
export function StackMap({ stack, traffic, selected, onSelect }: StackMapProps) {
  const map = layOutMap(stack.services, stack.links);
  const press = (name: string) => ({
    role: "button",
    tabIndex: 0,
    "aria-pressed": selected === name,
    onClick: () => onSelect(selected === name ? undefined : name),
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      onSelect(selected === name ? undefined : name);
    },
  });
  return (
    // biome-ignore lint/a11y/useSemanticElements: a drawing cannot be a fieldset, and its services are buttons
    <svg className={classes.map} viewBox={`0 0 ${map.width} ${map.height}`} role="group" aria-label="Map of the stack">
      <defs>
        <marker
          id="arrow"
          viewBox="0 0 8 8"
          refX="6"
          refY="4"
          markerWidth="7"
          markerHeight="7"
          orient="auto-start-reverse"
        >
          <path d="M0 1 L7 4 L0 7 z" fill="context-stroke" />
        </marker>
      </defs>
      {map.links.map(({ name, path, x, y }) => {
        const link = stack.links.find((each) => each.name === name);
        if (link === undefined) return null;
        const isBroken = link.faults.length > 0;
        return (
          <g
            key={name}
            className={classes.link}
            data-broken={isBroken || undefined}
            data-selected={selected === name || undefined}
            {...press(name)}
          >
            <title>{linkText(link, traffic.get(name))}</title>
            <path d={path} className={classes.reach} />
            <path d={path} className={classes.line} markerEnd="url(#arrow)" />
            {isBroken && <circle cx={x} cy={y} r={5} />}
          </g>
        );
      })}
      {map.outside.map(({ name, x, y }) => (
        <g key={name} className={classes.outside} transform={`translate(${x} ${y})`}>
          <title>{`${name}: outside the stack`}</title>
          <rect width={NODE_WIDTH} height={NODE_HEIGHT} rx={5} />
          <text x={12} y={20} className={classes.name}>
            {fitted(name, NAME_CHARS)}
          </text>
          <text x={12} y={36} className={classes.state}>
            outside the stack
          </text>
        </g>
      ))}
      {map.services.map(({ name, x, y }) => {
        const service = stack.services.find((each) => each.name === name);
        if (service === undefined) return null;
        const tone = toneOfService(service, stack);
        return (
          <g
            key={name}
            className={classes.node}
            transform={`translate(${x} ${y})`}
            data-selected={selected === name || undefined}
            data-broken={service.faults.length > 0 || undefined}
            {...press(name)}
          >
            <title>{`${name}: ${stateText(service, stack)}`}</title>
            <rect width={NODE_WIDTH} height={NODE_HEIGHT} rx={5} />
            <rect
              className={classes.health}
              width={4}
              height={NODE_HEIGHT - 14}
              x={7}
              y={7}
              rx={2}
              fill={`var(${toneVariable(tone)})`}
            />
            <text x={19} y={20} className={classes.name}>
              {fitted(name, service.replicas > 1 ? NAME_CHARS - COUNT_CHARS : NAME_CHARS)}
            </text>
            <text x={19} y={36} className={classes.state} fill={`var(${toneVariable(tone)})`}>
              {fitted(shortState(service, stack), STATE_CHARS)}
            </text>
            {service.replicas > 1 && (
              <text x={NODE_WIDTH - 8} y={20} className={classes.replicas}>
                {service.running === service.replicas
                  ? `×${service.replicas}`
                  : `${service.running}/${service.replicas}`}
              </text>
            )}
          </g>
        );
      })}
      {map.links.map(({ name, x, y, isUpright }) => {
        const calls = traffic.get(name);
        if (calls === undefined) return null;
        const place = isUpright ? { x: x + 8, y: y + 4 } : { x, y: y - 8, textAnchor: "middle" as const };
        return (
          <text key={name} {...place} className={classes.traffic} data-failing={calls.errors > 0 || undefined}>
            {rateText(calls)}
            {calls.errors > 0 && ` · ${calls.errors} failed`}
          </text>
        );
      })}
    </svg>
  );
}

/** What fits in a box, in its two sizes of text; the whole is its title. */
const NAME_CHARS = 15;
const STATE_CHARS = 17;
/** Of how many containers run. */
const COUNT_CHARS = 4;

function fitted(text: string, chars: number): string {
  return text.length <= chars ? text : `${text.slice(0, chars - 1)}…`;
}

function toneOfService(service: ServiceStatus, stack: StackStatus): Tone {
  return stack.state === "down" || service.state === "starting" ? "muted" : service.health;
}

function causeOf({ isManual, runId }: FaultInForce): string {
  if (runId === null) return "by `break`";
  return isManual ? "manually" : "by a run";
}

function shortState(service: ServiceStatus, stack: StackStatus): string {
  const [fault] = service.faults;
  if (fault !== undefined) {
    const { containers, kind } = fault;
    const isPart = containers !== null && containers < service.replicas;
    const what = PAST[kind] ?? kind;
    return isPart ? `${containers} ${what}` : `${what} ${causeOf(fault)}`;
  }
  if (stack.state === "down" || stack.state === "failed") return "not running";
  if (service.state === "starting") return "starting";
  if (service.state === "absent") return "container removed";
  if (service.state === "paused") return "paused";
  if (service.health === "up" && service.latencyMs !== null) return `up · ${service.latencyMs.toFixed(1)} ms`;
  return service.health;
}

const PAST: Record<string, string> = {
  stop: "stopped",
  kill: "killed",
  pause: "paused",
  restart: "restarted",
  disconnect: "cut off",
};

export function stateText(service: ServiceStatus, stack: StackStatus): string {
  if (stack.state === "down") return "not running";
  const { state, health, reason, replicas, running } = service;
  const counted = replicas > 1 ? `; ${running} of ${replicas} containers run` : "";
  return `${state}, ${health} (${reason})${counted}`;
}

function linkText({ name, faults }: LinkStatus, calls: LinkTraffic | undefined): string {
  const broken = faults.length === 0 ? "" : `: ${faults.map(({ kind }) => kind).join(", ")} in force`;
  return `link ${name}${broken}${calls === undefined ? "" : `; ${trafficText(calls)}`}`;
}
