// Goal: a node keeps its identity, and nothing in a data directory is
// overwritten because something is wrong.
// Method: real files in a fresh directory.

#include "runtime/node/data_dir.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

using namespace praetor;
namespace fs = std::filesystem;

namespace {

struct folder {
  folder() {
    std::string name = (fs::temp_directory_path() / "praetor-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;
  ~folder() { fs::remove_all(path); }
  std::string path;
};

std::string content_of(const std::string& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

} // namespace

TEST_CASE("data dir: a node id stays", "[node]") {
  const folder f;
  rng random{1};
  const auto first = node::settle_node_id(f.path, "", random);
  REQUIRE(first);
  CHECK(first->size() == 36);
  CHECK(content_of(f.path + "/node-id") == *first);
  const auto again = node::settle_node_id(f.path, "", random);
  REQUIRE(again);
  CHECK(*again == *first);
}

TEST_CASE("data dir: a given id is written down in lower case", "[node]") {
  const folder f;
  rng random{1};
  const std::string id = "2D8605AF-B82D-D010-A817-D8721454DD46";
  const auto out = node::settle_node_id(f.path, id, random);
  REQUIRE(out);
  CHECK(*out == "2d8605af-b82d-d010-a817-d8721454dd46");
  CHECK(content_of(f.path + "/node-id") == *out);
}

TEST_CASE("data dir: another id does not replace the one that is there",
          "[node]") {
  const folder f;
  rng random{1};
  const auto first = node::settle_node_id(f.path, "", random);
  REQUIRE(first);
  const std::string other = "11111111-2222-3333-4444-555555555555";
  CHECK(*node::settle_node_id(f.path, other, random) == other);
  CHECK(content_of(f.path + "/node-id") == *first);
}

TEST_CASE("data dir: a bad id is refused and left as it is", "[node]") {
  const folder f;
  rng random{1};
  CHECK(node::settle_node_id(f.path, "nonsense", random).error().context
        == "failed to setup node ID: specified NodeID is invalid: uuid string "
           "is wrong length");
  std::ofstream{f.path + "/node-id"} << "rubbish";
  const auto out = node::settle_node_id(f.path, "", random);
  REQUIRE(!out);
  CHECK(out.error().context.find(f.path + "/node-id") != std::string::npos);
  CHECK(content_of(f.path + "/node-id") == "rubbish");
}

TEST_CASE("data dir: a file in its place is refused", "[node]") {
  const folder f;
  std::ofstream{f.path + "/x"} << "a file";
  CHECK(!node::make_data_dir(f.path + "/x/y"));
}

TEST_CASE("data dir: without a path everything is in memory", "[node]") {
  auto out = node::open_databases("", true);
  REQUIRE(out);
  CHECK(out->log->load());
  const auto state = out->states->open(0);
  REQUIRE(state);
  CHECK((*state)->load());
  CHECK(out->local->load());
}
