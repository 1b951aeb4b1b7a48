# Renders nginx's list of upstreams whenever a service comes or goes.
#
# Start it with: praetor template -config=deploy/template.hcl

consul {
  address = "127.0.0.1:8500"
}

# Changes that come close together are rendered once.
wait {
  min = "100ms"
  max = "2s"
}

template {
  source      = "/etc/praetor/nginx.ctmpl"
  destination = "/etc/nginx/conf.d/backend.conf"
  perms       = 0644
  command     = "nginx -s reload"
}
