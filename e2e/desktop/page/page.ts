import type { LabState } from "../../../electron/contract/events.ts";
import { connectToLab, type LabClient } from "../../../renderer/lab-client/lab-client.ts";

/** Replaces the lab's page in the specs of the shell: a connection, and the state received through it. */
export interface ShellPage {
  lab: LabClient;
  routes: string[];
  state: LabState | undefined;
}

const lab = connectToLab();
const shellPage: ShellPage = { lab, routes: [], state: undefined };
lab.onNavigate((route) => shellPage.routes.push(route));
lab.followLab({
  onState(state) {
    shellPage.state = state;
  },
  onFailure(failure) {
    throw failure;
  },
});
Object.assign(window, { shellPage });
