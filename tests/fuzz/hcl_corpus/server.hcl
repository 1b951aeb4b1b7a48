# The first server of a datacenter. The same as:
#
#   praetor agent -server -bootstrap -ui -data-dir=/var/lib/praetor
#     -bind=127.0.0.1 -client=0.0.0.0 -node=consul-server01
#
# Start it with: praetor agent -config-file=deploy/server.hcl
# Check it with: praetor validate deploy/server.hcl

# A server keeps the state of the datacenter; without this line the agent is a
# client of the servers.
server = true

# This server elects itself. Only one server of a datacenter may do so; the
# others name it in start_join or retry_join.
bootstrap = true

# Unique in the datacenter. Defaults to the host name.
node_name = "consul-server01"

# Everything that must survive a restart.
data_dir = "/var/lib/praetor"

# Where other nodes reach this one: 8300 for requests and Raft, 8301 for LAN
# gossip, 8302 for WAN gossip. On a real host, its address in your network.
bind_addr = "127.0.0.1"

# Where clients reach it: 8500 for HTTP, 8600 for DNS.
client_addr = "0.0.0.0"

# The web UI, at http://HOST:8500/ui/
ui = true
