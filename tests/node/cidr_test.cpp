// Goal: only addresses inside a network may write.
// Method: table.

#include "runtime/node/cidr.hpp"

#include <catch2/catch.hpp>

using namespace praetor;

TEST_CASE("cidr: an address is in a network or it is not", "[node][core]") {
  struct row {
    const char* address;
    const char* network;
    bool inside;
  };
  const row rows[] = {
    {"127.0.0.1", "127.0.0.0/8", true},
    {"128.0.0.1", "127.0.0.0/8", false},
    {"10.1.2.3", "10.1.2.3/32", true},
    {"10.1.2.4", "10.1.2.3/32", false},
    {"10.1.2.4", "10.1.2.3", false},
    {"10.1.2.129", "10.1.2.128/25", true},
    {"10.1.2.127", "10.1.2.128/25", false},
    {"1.2.3.4", "0.0.0.0/0", true},
    {"::1", "::1/128", true},
    {"fe80::1", "fe80::/10", true},
    {"2001::1", "fe80::/10", false},
    {"::1", "0.0.0.0/0", false},
    {"127.0.0.1", "127.0.0.0/33", false},
    {"127.0.0.1", "127.0.0.0/x", false},
    {"rubbish", "0.0.0.0/0", false},
    {"127.0.0.1", "", false},
  };
  for (const auto& row : rows)
    DYNAMIC_SECTION(row.address << " in " << row.network)
  CHECK(node::in_network(row.address, row.network) == row.inside);
}
