// Goal: what gossip keeps comes back; damage is noticed; keys of the file win
// over those of the configuration.
// Method: real files in a folder of each test's own.

#include "actors/gossip/pool_files.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

using namespace praetor;
using namespace praetor::gossip;

namespace {

struct folder {
  std::string path;
  pool_files files;
  folder() {
    char name[] = "/tmp/praetor-gossip-XXXXXX";
    path = ::mkdtemp(name);
    auto made = make_pool_files(path, "local");
    REQUIRE(made);
    files = *made;
  }
  ~folder() { std::filesystem::remove_all(path); }
};

std::string content_of(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
}

const std::string key_a(32, 'a');
const std::string text_a = "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=";
const std::string text_b = "YmJiYmJiYmJiYmJiYmJiYg==";

} // namespace

TEST_CASE("pool_files: names and folder are Consul's", "[gossip]") {
  folder disk;
  CHECK(disk.files.snapshot == disk.path + "/serf/local.snapshot");
  CHECK(disk.files.keyring == disk.path + "/serf/local.keyring");
  CHECK(make_pool_files("", "local")->snapshot.empty());
  CHECK(!make_pool_files("/dev/null", "local"));
}

TEST_CASE("pool_files: a file is replaced as a whole, for its owner only",
          "[gossip]") {
  folder disk;
  const auto path = disk.path + "/serf/x";
  REQUIRE(replace_file(path, "one"));
  REQUIRE(replace_file(path, std::string(100'000, 'x')));
  CHECK(content_of(path).size() == 100'000);
  CHECK(!std::filesystem::exists(path + ".new"));
  struct stat found {};
  REQUIRE(::stat(path.c_str(), &found) == 0);
  CHECK((found.st_mode & 0777U) == 0600);
  CHECK(!replace_file(disk.path + "/none/x", "one"));
}

TEST_CASE("pool_files: a snapshot comes back, or is known to be damaged",
          "[gossip]") {
  folder disk;
  const auto none = read_snapshot(disk.files.snapshot);
  REQUIRE(none);
  CHECK(!*none);
  CHECK(!*read_snapshot(""));
  pool_snapshot x;
  x.incarnation = 7;
  x.clocks = {3, 4};
  x.members = {{"a", {"10.0.0.1", 8301}}};
  const auto bytes = encode_snapshot_file(encode_snapshot(x));
  REQUIRE(replace_file(disk.files.snapshot, bytes));
  const auto found = read_snapshot(disk.files.snapshot);
  REQUIRE(found);
  REQUIRE(*found);
  CHECK((*found)->incarnation == 7);
  CHECK((*found)->members.at(0).at == endpoint{"10.0.0.1", 8301});
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    REQUIRE(replace_file(disk.files.snapshot, damaged));
    CHECK(!read_snapshot(disk.files.snapshot));
    REQUIRE(replace_file(disk.files.snapshot, bytes.substr(0, i)));
    CHECK(!read_snapshot(disk.files.snapshot));
  }
}

TEST_CASE("pool_files: the first key comes from the configuration",
          "[gossip]") {
  folder disk;
  CHECK(choose_keys(disk.files.keyring, "")->keys.empty());
  CHECK(choose_keys("", text_a)->keys == std::vector{key_a});
  const auto first = choose_keys(disk.files.keyring, text_a);
  REQUIRE(first);
  CHECK(first->keys == std::vector{key_a});
  CHECK(content_of(disk.files.keyring) == "[\"" + text_a + "\"]");
  const auto again = choose_keys(disk.files.keyring, "");
  CHECK(again->keys == std::vector{key_a});
  CHECK(!again->differs);
  const auto other = choose_keys(disk.files.keyring, text_b);
  CHECK(other->keys == std::vector{key_a});
  CHECK(other->differs);
  REQUIRE(replace_file(disk.files.keyring,
                       "[\"" + text_a + "\", \"" + text_b + "\"]\n"));
  CHECK(!choose_keys(disk.files.keyring, text_b)->differs);
}

TEST_CASE("pool_files: keys that are none are refused", "[gossip]") {
  folder disk;
  CHECK(choose_keys("", "!").error().context
        == "Failed to configure keyring: illegal base64 data at input byte 0");
  CHECK(choose_keys("", "YWJj").error().context
        == "Failed to configure keyring: Invalid key: key size must be 16, 24 "
           "or 32 bytes");
  for (const auto* text :
       {"", "{}", "[]", "[1]", "[\"YWJj\"]", "[\"!\"]", "x"}) {
    INFO(text);
    REQUIRE(replace_file(disk.files.keyring, text));
    CHECK(!choose_keys(disk.files.keyring, ""));
  }
}
