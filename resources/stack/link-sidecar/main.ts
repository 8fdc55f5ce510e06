/**
 * The first process of a sidecar: with NET_ADMIN, in a caller's network namespace. Without arguments it breaks a link
 * (`LINK`); `check` tries whether the kernel takes its rules; `clear CHAIN` and `clear-hosts CHAIN`
 * remove what a sidecar that was killed has left.
 * Exit codes: 0, 1 with the reason as the last line of its output.
 */
import { removeHosts, tryHosts } from "./hosts-file.ts";
import { removeRules, tryRules } from "./rules.ts";
import { readChain, readLinkSettings } from "./settings.ts";
import { supervise } from "./supervisor.ts";

const [command, chain] = process.argv.slice(2);
process.stdout.on("error", () => {});
try {
  if (command === "clear-hosts") {
    console.log(JSON.stringify({ cleared: removeHosts(readChain(chain)) }));
  } else if (command === "clear") {
    console.log(JSON.stringify({ cleared: await removeRules(readChain(chain)) }));
  } else {
    const link = readLinkSettings(process.env.LINK);
    if (command === "check") {
      if (link.hosts === undefined) await tryRules(link.chain, link.targets);
      else tryHosts();
      console.log(JSON.stringify({ checked: true }));
    } else await supervise(link);
  }
} catch (error) {
  console.log(JSON.stringify({ ended: error instanceof Error ? error.message : String(error), removed: true }));
  process.exitCode = 1;
}
