# An agent on a host that runs services but keeps no state.
#
# Start it with: praetor agent -config-file=deploy/client.hcl
# Check it with: praetor validate deploy/client.hcl

# Unique in the datacenter. Defaults to the host name.
node_name = "docker01"

# This node's own services and checks.
data_dir = "/var/lib/praetor"

# Where other nodes reach this one. On a real host, its address in your network.
bind_addr = "127.0.0.1"

# Where programs of this host reach it.
client_addr = "127.0.0.1"

# The servers; asked again until one answers.
retry_join = ["127.0.0.1"]
