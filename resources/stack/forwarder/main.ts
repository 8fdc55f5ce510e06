/** Forwards HTTP requests on loopback to what runs elsewhere, so that a link to it can pass through a fault proxy. */
import { EnvironmentError } from "../http/environment.ts";
import { runService } from "../http/run-service.ts";
import { startForwarder } from "./start.ts";

await runService("forwarder", async () => {
  const { HOST = "127.0.0.1", PORT = "0", UPSTREAM = "" } = process.env;
  const upstream = URL.parse(UPSTREAM);
  if (upstream?.protocol !== "http:" && upstream?.protocol !== "https:") {
    throw new EnvironmentError(
      `UPSTREAM is ${JSON.stringify(UPSTREAM)}: expected an http or https URL, for example UPSTREAM=https://gateway.example/mcp`,
    );
  }
  return startForwarder({ host: HOST, port: Number(PORT), upstream });
});
