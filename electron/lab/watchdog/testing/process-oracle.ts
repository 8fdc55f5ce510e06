import { damageOfLinks, type LinkAddress, linksOf, type Oracle } from "./kill-oracle.ts";
import { type ServiceProcess, serviceProcessesOf } from "./process-table.ts";

/** Finds the services of the stacks of a data folder in the process table. */
export class ProcessOracle implements Oracle {
  readonly #home: string;
  #services: readonly string[] = [];
  #links: readonly LinkAddress[] = [];

  constructor(home: string) {
    this.#home = home;
  }

  async learn(): Promise<void> {
    const processes = serviceProcessesOf(this.#home);
    this.#services = processes.map(({ service }) => service);
    this.#links = linksOf(
      (service, name) => processes.find((each) => each.service === service)?.environment[name] ?? "",
    );
  }

  async damage(): Promise<string[]> {
    const processes = serviceProcessesOf(this.#home);
    const wrong = this.#services.flatMap((service) => damageOfService(service, processes));
    return wrong.length > 0 ? wrong : damageOfLinks(this.#links);
  }

  async remains(): Promise<string[]> {
    return serviceProcessesOf(this.#home).map(({ service, pid }) => `${service} still exists (process ${pid})`);
  }
}

function damageOfService(service: string, processes: readonly ServiceProcess[]): string[] {
  const own = processes.filter((each) => each.service === service);
  const [only] = own;
  if (only === undefined) return [`${service} does not run`];
  if (own.length > 1) return [`${service} runs ${own.length} times`];
  if (only.state === "T" || only.state === "Z") return [`${service} is ${only.state === "T" ? "paused" : "a zombie"}`];
  const program = service === "audit-db" ? /postgres -D|build\/audit-db\.mjs/ : new RegExp(`build/${service}\\.mjs`);
  return program.test(only.command) ? [] : [`${service} runs another program: ${only.command}`];
}
