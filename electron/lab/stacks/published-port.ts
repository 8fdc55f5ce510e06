import { z } from "zod";

/** A TCP port of a container that is published on the host. `hostPort` is 0 where the engine chooses. */
export interface PublishedPort {
  hostAddress: string;
  hostPort: number;
  containerPort: number;
}

type Protocol = "tcp" | "udp" | "sctp";
interface Range {
  from: number;
  to: number;
}

/** One entry of a service's `ports`, in compose's short or long form, whatever it publishes. */
interface PortEntry {
  hostAddress: string;
  host: Range | undefined;
  container: Range;
  protocol: Protocol;
}

const RANGE = "\\d+(?:-\\d+)?";
const SHORT = new RegExp(
  `^(?:(?:(\\d{1,3}(?:\\.\\d{1,3}){3}|\\[[\\da-fA-F:]+\\])?:)?(${RANGE})?:)?(${RANGE})(?:/(tcp|udp|sctp))?$`,
);
const EVERY_ADDRESS = "0.0.0.0";
const HIGHEST_PORT = 65_535;

const longForm = z.object({
  target: z.union([z.int(), z.string()]).transform(String),
  published: z.union([z.int(), z.string()]).transform(String).optional(),
  host_ip: z.string().optional(),
  protocol: z.enum(["tcp", "udp", "sctp"]).optional(),
});
const LONG_FIELDS = [...Object.keys(longForm.shape), "mode", "name", "app_protocol"];

/** Undefined for what compose would refuse, too. */
function readPort(value: unknown): PortEntry | undefined {
  if (typeof value === "number" || typeof value === "string") {
    const match = SHORT.exec(String(value));
    return match === null ? undefined : entry(match[1], match[2], match[3], match[4]);
  }
  const long = longForm.safeParse(value);
  if (!long.success || Object.keys(value as object).some((field) => !LONG_FIELDS.includes(field))) return undefined;
  const { target, published, host_ip, protocol } = long.data;
  return entry(host_ip, published, target, protocol);
}

function entry(
  address: string | undefined,
  host: string | undefined,
  container: string | undefined,
  protocol: string | undefined,
): PortEntry | undefined {
  const [inside, outside] = [rangeOf(container), rangeOf(host)];
  if (inside === undefined || (host && outside === undefined)) return undefined;
  const all = { hostAddress: address || EVERY_ADDRESS, host: outside, container: inside };
  return { ...all, protocol: (protocol ?? "tcp") as Protocol };
}

function rangeOf(text: string | undefined): Range | undefined {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text ?? "");
  if (match === null) return undefined;
  const [from, to] = [Number(match[1]), Number(match[2] ?? match[1])];
  return from <= to && to <= HIGHEST_PORT ? { from, to } : undefined;
}

/** The single ports of an entry; undefined when its ranges are of different lengths, from which the engine chooses. */
function expanded({ hostAddress, host, container }: PortEntry): PublishedPort[] | undefined {
  const count = container.to - container.from + 1;
  if (host !== undefined && host.to - host.from + 1 !== count) return undefined;
  return Array.from({ length: count }, (_, index) => ({
    hostAddress,
    hostPort: host === undefined ? 0 : host.from + index,
    containerPort: container.from + index,
  }));
}

const NOT_A_PORT = 'expected a port such as "127.0.0.1:18080:8080", or {target, published, host_ip}';

/** An entry of `ports` that the lab publishes itself; a list, since it may be a range. */
export const publishedPorts = z.unknown().transform((value, context): PublishedPort[] => {
  const refuse = (message: string) => {
    context.addIssue({ code: "custom", message });
    return [];
  };
  const read = readPort(value);
  if (read === undefined) return refuse(NOT_A_PORT);
  if (read.protocol !== "tcp") return refuse(`the lab's own bring-up publishes TCP ports only, not ${read.protocol}`);
  return expanded(read) ?? refuse("the lab's own bring-up chooses no port from a range");
});

/** The TCP ports of a service that someone else has brought up; what is not understood is left out. */
export function attachedPorts(ports: unknown): { target: number; published: number; host_ip: string }[] {
  if (!Array.isArray(ports)) return [];
  return ports
    .map(readPort)
    .filter((port) => port?.protocol === "tcp")
    .flatMap((port) => (port === undefined ? [] : [{ ...port, single: expanded(port) }]))
    .flatMap(
      ({ container, hostAddress, single }) => single ?? [{ hostAddress, hostPort: 0, containerPort: container.from }],
    )
    .map(({ hostAddress, hostPort, containerPort }) => ({
      target: containerPort,
      published: hostPort,
      host_ip: hostAddress,
    }));
}
