import type { ImageBuild } from "../../../contract/stack.ts";
import { LabError } from "../../lab-error.ts";
import type { ImageBuilding } from "../../stacks/image-building.ts";
import type { RunningStack } from "../../stacks/running-stack.ts";
import { isProxied } from "../../stacks/stack-file.ts";

/** The builds of the lab's own images that a person waits for. */
export class ImageBuilds {
  readonly #onChange: () => void;
  #current: { step: string; scope: AbortController } | undefined;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get current(): ImageBuild | null {
    return this.#current === undefined ? null : { step: this.#current.step };
  }

  /** Shows the steps of what is built meanwhile. @throws LabError `precondition` when a person cancels it */
  async during<Value>(use: (building: ImageBuilding) => Promise<Value>, signal?: AbortSignal): Promise<Value> {
    const scope = new AbortController();
    const report = (step: string) => {
      this.#current = { step, scope };
      this.#onChange();
    };
    try {
      return await use({ signal: signal ? AbortSignal.any([scope.signal, signal]) : scope.signal, report });
    } finally {
      if (this.#current?.scope === scope) {
        this.#current = undefined;
        this.#onChange();
      }
    }
  }

  /**
   * Has what carries these links built, unless fault proxies of the stack carry all of them.
   * @throws LabError with the reason when it cannot be built
   */
  async forLinks({ stack, driver }: RunningStack, names: readonly string[], signal?: AbortSignal): Promise<void> {
    const isDirect = stack.links.some((link) => names.includes(link.name) && !isProxied(link));
    if (isDirect) await this.during(async (building) => driver.sidecars?.ensureImage(building), signal);
  }

  cancel(): void {
    const reason = "the image that the lab needs was not built: it was cancelled";
    this.#current?.scope.abort(new LabError("precondition", reason, { hint: "try again to have it built" }));
  }
}
