// Goal: addresses are described and moved as go-sockaddr does it.
// Method: tables. The attributes of 127.0.0.2/8 are those of its documentation,
// the others follow from its rules.

#include "actors/template/core/ip_number.hpp"

#include <catch2/catch.hpp>

namespace praetor::templates {

namespace {

struct attribute_row {
  const char* address;
  unsigned prefix;
  const char* name;
  const char* text;
};

const attribute_row attribute_rows[] = {
  {"127.0.0.2", 8, "type", "IPv4"},
  {"127.0.0.2", 8, "string", "127.0.0.2/8"},
  {"127.0.0.2", 8, "host", "127.0.0.2"},
  {"127.0.0.2", 8, "address", "127.0.0.2"},
  {"127.0.0.2", 8, "port", "0"},
  {"127.0.0.2", 8, "netmask", "255.0.0.0"},
  {"127.0.0.2", 8, "network", "127.0.0.0/8"},
  {"127.0.0.2", 8, "mask_bits", "8"},
  {"127.0.0.2", 8, "binary", "01111111000000000000000000000010"},
  {"127.0.0.2", 8, "hex", "7f000002"},
  {"127.0.0.2", 8, "first_usable", "127.0.0.1"},
  {"127.0.0.2", 8, "last_usable", "127.255.255.254"},
  {"127.0.0.2", 8, "octets", "127 0 0 2"},
  {"127.0.0.2", 8, "size", "16777216"},
  {"127.0.0.2", 8, "broadcast", "127.255.255.255"},
  {"127.0.0.2", 8, "uint32", "2130706434"},
  {"127.0.0.2", 8, "uint128", ""},
  {"127.0.0.2", 8, "nothing", ""},
  {"10.0.0.1", 32, "string", "10.0.0.1"},
  {"10.0.0.1", 32, "first_usable", "10.0.0.1"},
  {"10.0.0.1", 32, "last_usable", "10.0.0.1"},
  {"10.0.0.1", 31, "first_usable", "10.0.0.0"},
  {"10.0.0.1", 31, "last_usable", "10.0.0.1"},
  {"0.0.0.0", 0, "size", "4294967296"},
  {"0.0.0.0", 0, "uint32", "0"},
  {"fd00::1:2", 64, "type", "IPv6"},
  {"fd00::1:2", 64, "network", "fd00::/64"},
  {"fd00::1:2", 64, "netmask", "ffff:ffff:ffff:ffff::"},
  {"fd00::1:2", 64, "first_usable", "fd00::"},
  {"fd00::1:2", 64, "last_usable", "fd00::ffff:ffff:ffff:ffff"},
  {"fd00::1:2", 64, "size", "18446744073709551616"},
  {"fd00::1:2", 64, "broadcast", ""},
  {"::1", 128, "string", "::1"},
  {"::1", 128, "uint128", "1"},
  {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0, "uint128",
   "340282366920938463463374607431768211455"},
  {"::", 0, "size", "340282366920938463463374607431768211456"},
};

struct math_row {
  const char* address;
  unsigned prefix;
  const char* operation;
  const char* value;
  const char* outcome; ///< "string" of it, or the error
};

const math_row math_rows[] = {
  {"10.1.2.3", 24, "address", "+1", "10.1.2.4/24"},
  {"10.1.2.3", 24, "address", "-4", "10.1.1.255/24"},
  {"255.255.255.255", 24, "address", "+1", "0.0.0.0/24"},
  {"0.0.0.0", 24, "address", "-1", "255.255.255.255/24"},
  {"10.1.2.3", 24, "address", "+4294967295", "10.1.2.2/24"},
  {"10.1.2.3", 24, "network", "+0", "10.1.2.0/24"},
  {"10.1.2.3", 24, "network", "+257", "10.1.2.1/24"},
  {"10.1.2.3", 24, "network", "-1", "10.1.2.255/24"},
  {"10.1.2.3", 24, "network", "-256", "10.1.2.0/24"},
  {"10.1.2.3", 32, "network", "+5", "10.1.2.3"},
  {"10.1.2.3", 24, "mask", "16", "10.1.0.0/16"},
  {"10.1.2.3", 24, "mask", "31", "10.1.2.2/24"},
  {"10.1.2.3", 24, "mask", "0", "0.0.0.0/0"},
  {"fd00::ffff", 64, "address", "+1", "fd00::1:0/64"},
  {"fd00::", 64, "address", "-1", "fcff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/64"},
  {"fd00::7", 64, "network", "-1", "fd00::ffff:ffff:ffff:ffff/64"},
  {"fd00::7", 64, "mask", "8", "fd00::/8"},
  {"10.1.2.3", 24, "address", "1",
   "sign (+/-) is required for operation \"address\""},
  {"10.1.2.3", 24, "network", "+x",
   "unable to convert \"+x\" to int for operation \"network\": "
   "strconv.ParseInt: parsing \"+x\": invalid syntax"},
  {"10.1.2.3", 24, "address", "+4294967296",
   "unable to convert \"+4294967296\" to int for operation \"address\": "
   "strconv.ParseInt: parsing \"+4294967296\": value out of range"},
  {"10.1.2.3", 24, "mask", "33",
   "parameter for operation \"mask\" on ipv4 addresses must be between 0 and "
   "32"},
  {"::1", 64, "mask", "129",
   "parameter for operation \"mask\" on ipv6 addresses must be between 0 and "
   "128"},
  {"10.1.2.3", 24, "mask", "+8",
   "unable to convert \"+8\" to int for operation \"mask\": "
   "strconv.ParseUint: parsing \"+8\": invalid syntax"},
};

} // namespace

TEST_CASE("ip_number: attributes are go-sockaddr's", "[template]") {
  for (const auto& x : attribute_rows) {
    CAPTURE(x.address, x.prefix, x.name);
    const auto number = parse_ip(x.address, x.prefix);
    REQUIRE(number);
    CHECK(ip_attribute(*number, x.name) == x.text);
  }
  CHECK_FALSE(parse_ip("nope", 0));
}

TEST_CASE("ip_number: addresses lie in networks of their family",
          "[template]") {
  const auto lies = [](const char* address, const char* network,
                       unsigned bits) {
    return lies_in(*parse_ip(address, 0), *parse_ip(network, bits));
  };
  CHECK(lies("10.1.2.3", "10.1.2.0", 24));
  CHECK(lies("10.1.2.3", "10.1.2.77", 24));
  CHECK_FALSE(lies("10.1.3.3", "10.1.2.0", 24));
  CHECK(lies("10.1.2.3", "0.0.0.0", 0));
  CHECK_FALSE(lies("::1", "0.0.0.0", 0));
  CHECK_FALSE(lies("::10.1.2.3", "10.1.2.3", 32));
  CHECK(lies("fd00::1", "fc00::", 7));
  CHECK_FALSE(lies("fe80::1", "fc00::", 7));
}

TEST_CASE("ip_number: math stays in the address, network stays in it",
          "[template]") {
  for (const auto& x : math_rows) {
    CAPTURE(x.address, x.prefix, x.operation, x.value);
    const auto number = parse_ip(x.address, x.prefix);
    REQUIRE(number);
    const auto moved = ip_math(*number, x.operation, x.value);
    CHECK((moved ? ip_attribute(*moved, "string") : moved.error().context)
          == x.outcome);
  }
}

} // namespace praetor::templates
