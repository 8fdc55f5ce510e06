/** Lets whoever has the gateway's token hold the time of waiting calls, such as a lab that explains what is to be seen. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { assertControl } from "../../http/control.ts";
import { HttpError, readJsonObject, sendJson } from "../../http/serve.ts";
import type { Approvals } from "./approvals.ts";
import { standsAtMostMs } from "./time-left.ts";

const bodies = 'Send {"stands": true}, {"stands": false} or {"leftMs": 60000}, at most ten minutes.';

export class TimeControl {
  readonly #approvals: Approvals;
  readonly #token: string | undefined;

  /** Without a token nobody may. */
  constructor(approvals: Approvals, token: string | undefined) {
    this.#approvals = approvals;
    this.#token = token;
  }

  /** @throws HttpError 404 without a token of the gateway, else as {@link assertControl}; 400 for another body */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#token === undefined) throw new HttpError(404, "CONTROL_TOKEN is not set, so nobody may change this.");
    assertControl(request, this.#token);
    const { stands, leftMs } = await readJsonObject(request);
    if (typeof stands === "boolean") await this.#approvals.letStand(stands);
    else if (typeof leftMs === "number" && leftMs > 0 && leftMs <= standsAtMostMs) {
      await this.#approvals.setTimeLeft(leftMs);
    } else throw new HttpError(400, bodies);
    sendJson(response, 200, { waiting: this.#approvals.waiting });
  }
}
