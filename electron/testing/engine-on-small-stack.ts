import { EngineService } from "../lab/service/engine-service.ts";
import { ON_REFERENCE_STACK } from "../lab/stacks/run-target.ts";
import { writeSmallStack } from "./small-stack.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** A lab whose stack is the small one instead of the reference stack, for what does not depend on a stack's services. */
export async function startEngineOnSmallStack(home: string): Promise<EngineService> {
  const file = writeSmallStack(temporaryFolder());
  const environment = { ...process.env, RESILIENCE_LAB_HOME: home };
  const engine = await EngineService.start(environment, {
    ...ON_REFERENCE_STACK,
    source: { is: "compose file", file },
  });
  engine.settings.change({ ports: "auto" });
  return engine;
}
