/**
 * The field names of the Compose Specification, at any depth, that the lab's own bring-up does not know. They tell a field
 * that is not supported from one that is misspelt. Source: compose-spec.json, `additionalProperties` excluded.
 */
const UNSUPPORTED = new Set(
  `additional_contexts annotations app_protocol attach attachable blkio_config cache_from cache_to cap_add cap_drop cgroup
  cgroup_parent config configs consistency container_name cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period
  cpu_rt_runtime cpu_shares cpus cpuset credential_spec default deploy develop device_cgroup_rules devices disable dns
  dns_opt dns_search dockerfile_inline domainname driver_opts enable_ipv4 enable_ipv6 endpoint_mode entitlements env_file
  expose extends external_links extra_hosts file gpus group_add gw_priority healthcheck image include interface_name ipc
  ipv6_address isolation label_file labels link_local_ips links logging mac_address mem_limit mem_reservation
  mem_swappiness memswap_limit models name network network_mode no_cache oom_kill_disable oom_score_adj options pid
  pids_limit platform platforms post_start pre_stop priority privileged profiles provenance provider pull pull_policy
  replicas required resources restart restart_policy runtime sbom scale secrets security_opt shm_size ssh stdin_open
  stop_grace_period storage_opt sysctls tags target template_driver tty type ulimits update_config use_api_socket userns_mode
  uts version volumes_from`.split(/\s+/),
);

/** What to report of a field that is not in the lab's own schema; undefined for one that compose does not have either. */
export function unsupportedField(name: string): string | undefined {
  return UNSUPPORTED.has(name) ? `compose's "${name}" is not supported by the lab's own bring-up` : undefined;
}

export const BRING_UP_WITH_COMPOSE =
  "if docker compose accepts the file: bring the project up with `docker compose up -d`, then attach to it with --project NAME";
