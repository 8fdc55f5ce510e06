/** Metrics in Prometheus' text format: Toxiproxy's two with their names, updated live, and the proxy's own. */
import type { Registry } from "../registry.ts";

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

export function metricsText(registry: Registry): string {
  const links = registry.links();
  const received: Sample[] = [];
  const sent: Sample[] = [];
  const live: Sample[] = [];
  const accepted: Sample[] = [];
  const hits: Sample[] = [];
  for (const link of links) {
    const bytes = link.traffic.total(link.connections());
    const labels = { listener: link.listen, proxy: link.name, upstream: link.upstream };
    received.push([{ direction: "upstream", ...labels }, bytes.fromClient]);
    received.push([{ direction: "downstream", ...labels }, bytes.fromServer]);
    sent.push([{ direction: "upstream", ...labels }, bytes.toServer]);
    sent.push([{ direction: "downstream", ...labels }, bytes.toClient]);
    live.push([{ proxy: link.name }, link.connections().size]);
    accepted.push([{ proxy: link.name }, link.accepted]);
    for (const toxic of link.toxics()) {
      hits.push([{ proxy: link.name, toxic: toxic.name, type: toxic.type }, toxic.hits]);
    }
  }
  return [
    family("toxiproxy_proxy_received_bytes_total", "counter", "Bytes read from one side of a proxy.", received),
    family("toxiproxy_proxy_sent_bytes_total", "counter", "Bytes sent to the other side of a proxy.", sent),
    family("fault_proxy_connections", "gauge", "Live connections.", live),
    family("fault_proxy_accepted_connections_total", "counter", "Connections accepted.", accepted),
    family("fault_proxy_toxic_hits_total", "counter", "Hits of each armed toxic.", hits),
    family("fault_proxy_hits_recorded_total", "counter", "Hits recorded.", [[{}, registry.hits.last]]),
    family("fault_proxy_hits_dropped_total", "counter", "Hits that left the record.", [
      [{}, registry.hits.droppedTotal],
    ]),
    family("fault_proxy_wire_listeners", "gauge", "Readers of exchanges.", [[{}, registry.wire.listeners]]),
    family("fault_proxy_held_bytes", "gauge", "Bytes held by toxics.", [[{}, registry.held.total]]),
  ].join("");
}

function family(name: string, type: string, help: string, samples: readonly Sample[]): string {
  const lines = samples.map(([labels, value]) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
    return `${name}${pairs.length > 0 ? `{${pairs.join(",")}}` : ""} ${value}`;
  });
  return `${[`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines].join("\n")}\n`;
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
