import type { Service } from "./stack-file.ts";

/** What a service's token (x-lab.token) adds to the headers of a request to it; nothing for one without a token. */
export function tokenHeaders(service: Partial<Pick<Service, "token">> | undefined): Record<string, string> {
  return service?.token === undefined ? {} : { authorization: `Bearer ${service.token}` };
}
