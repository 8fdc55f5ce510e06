import { stripVTControlCharacters } from "node:util";
import type { ComposeRequest, Composing } from "../../../contract/stacks.ts";
import { LabError } from "../../lab-error.ts";
import type { Projects } from "../../stacks/projects.ts";

/** Of what the tool prints, for a person who waits. */
const SHOWN_LINES = 40;

type Work = Composing & { scope: AbortController };

/** Brings compose projects up and stops them with the tool of this machine, one at a time. */
export class ComposeService {
  readonly #projects: Pick<Projects, "compose">;
  readonly #onChange: () => void;
  /** What is done now, for {@link Composing}. */
  #current: Work | undefined;

  constructor(projects: Pick<Projects, "compose">, onChange: () => void) {
    this.#projects = projects;
    this.#onChange = onChange;
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
    this.#become({ project, action, lines, scope });
    try {
      const onLine = (line: string) => {
        lines.push(stripVTControlCharacters(line));
        if (lines.length > SHOWN_LINES) lines.shift();
        this.#onChange();
      };
      await this.#projects.compose(project, action, { signal: scope.signal, onLine, named });
    } finally {
      this.#become(undefined);
    }
  }

  #become(current: Work | undefined): void {
    this.#current = current;
    this.#onChange();
  }

  cancel(): void {
    this.#current?.scope.abort(new LabError("busy", "it was cancelled"));
  }
}
