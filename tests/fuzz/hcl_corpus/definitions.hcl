service { name = "web" port = 80 tags = ["a", "b"] meta { k = "v" } check { http = "http://127.0.0.1/" interval = "10s" timeout = "1s" header { h = ["x"] } } checks = [{ ttl = "15s" }] }
services = [{ id = "r" name = "redis" weights { passing = 1 warning = 2 } connect { sidecar_service {} } }]
check = { id = "m", args = ["/bin/true"], interval = "1m", deregister_critical_service_after = "90m" }
ports { http = 8500 dns = -1 } addresses { http = "127.0.0.1 unix:///tmp/s" } performance { raft_multiplier = 3 }
limits { http_max_conns_per_client = 5 } retry_join = ["a", "b"] telemetry { metrics_prefix = "x" }
bind_addr = "{{ GetInterfaceIP \"lo\" }}" # comment
heredoc = <<EOT
text
EOT
