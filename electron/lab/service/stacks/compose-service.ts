import { stripVTControlCharacters } from "node:util";
import type { ComposeRequest, Composing } from "../../../contract/stacks.ts";
import { LabError } from "../../lab-error.ts";
import type { Projects } from "../../stacks/projects.ts";

/** Of what the tool prints, for a person who waits. */
const SHOWN_LINES = 40;

/** Brings compose projects up and stops them with the tool of this machine, one at a time. */
export class ComposeService {
  readonly #projects: Pick<Projects, "compose">;
  /** What is done now, for {@link Composing}. */
  #current: (Composing & { scope: AbortController }) | undefined;

  constructor(projects: Pick<Projects, "compose">) {
    this.#projects = projects;
  }

  get current(): Composing | null {
    if (this.#current === undefined) return null;
    const { project, action, lines } = this.#current;
    return { project, action, lines: [...lines] };
  }

  /**
   * @param named the files of a project that the engine does not have
   * @throws LabError `busy` while another project is brought up or stopped, and as the tool fails
   */
  async run({ project, action }: ComposeRequest, named?: readonly string[]): Promise<void> {
    if (this.#current !== undefined) {
      throw new LabError("busy", `${this.#current.project} is being brought up or stopped`, {
        hint: "wait for its end, or cancel it",
      });
    }
    const lines: string[] = [];
    const scope = new AbortController();
    this.#current = { project, action, lines, scope };
    try {
      const onLine = (line: string) => {
        lines.push(stripVTControlCharacters(line));
        if (lines.length > SHOWN_LINES) lines.shift();
      };
      await this.#projects.compose(project, action, { signal: scope.signal, onLine, named });
    } finally {
      this.#current = undefined;
    }
  }

  cancel(): void {
    this.#current?.scope.abort(new LabError("busy", "it was cancelled"));
  }
}
