// Goal: all versions of state_store keep the promises of
// storage/state_store.hpp. Method: one suite, run in memory, on a real LevelDB
// and on one whose disk is simulated; every check looks at what a restart
// loads.

#include "tests/stores/store_support.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace praetor::test;

namespace {

state_image load(disk& on) {
  auto store = on.open_state();
  REQUIRE(store);
  auto image = (*store)->load();
  REQUIRE(image);
  return std::move(*image);
}

void write(disk& on, const checkpoint_mark& mark,
           const std::vector<row>& rows) {
  auto store = on.open_state();
  REQUIRE(store);
  REQUIRE((*store)->load());
  REQUIRE((*store)->write(mark, rows));
}

} // namespace

TEST_CASE("state_store: an empty store has nothing", "[stores]") {
  for (auto& on : all_disks()) {
    DYNAMIC_SECTION(on.name) {
      for (auto i = 0; i < 2; ++i) {
        const auto image = load(*on.on);
        CHECK(image.mark == checkpoint_mark{});
        CHECK(image.rows.empty());
      }
    }
  }
}

TEST_CASE("state_store: rows are put, replaced and deleted", "[stores]") {
  for (auto& on : all_disks()) {
    DYNAMIC_SECTION(on.name) {
      const checkpoint_mark first{5, 1, "members", 3};
      const std::string odd{"a\0/b\xff", 5};
      write(*on.on, first,
            {{"kv", "b", "2"},
             {"kv", "a", "1"},
             {"kv", odd, "odd"},
             {"k", "z", ""},
             {"kv", "", "empty key"}});
      auto image = load(*on.on);
      CHECK(image.mark == first);
      CHECK(image.rows
            == std::vector<row>{{"k", "z", ""},
                                {"kv", "", "empty key"},
                                {"kv", "a", "1"},
                                {"kv", odd, "odd"},
                                {"kv", "b", "2"}});
      const checkpoint_mark second{9, 2, "others", 9};
      write(*on.on, second,
            {{"kv", "a", "3"},
             {"kv", "b", {}},
             {"kv", "none", {}},
             {"kv", odd, {}}});
      image = load(*on.on);
      CHECK(image.mark == second);
      CHECK(image.rows
            == std::vector<row>{
              {"k", "z", ""}, {"kv", "", "empty key"}, {"kv", "a", "3"}});
    }
  }
}

TEST_CASE("state_store: the last of two changes of a row wins", "[stores]") {
  for (auto& on : all_disks()) {
    DYNAMIC_SECTION(on.name) {
      write(*on.on, {1, 1, {}, 0},
            {{"t", "a", "1"}, {"t", "a", {}}, {"t", "b", {}}, {"t", "b", "2"}});
      CHECK(load(*on.on).rows == std::vector<row>{{"t", "b", "2"}});
    }
  }
}

TEST_CASE("state_store: large checkpoints come back whole", "[stores]") {
  for (auto& on : all_disks()) {
    DYNAMIC_SECTION(on.name) {
      std::vector<row> rows;
      for (auto i = 10000; i < 15000; ++i)
        rows.push_back({"t", std::to_string(i), std::string(200, 'v')});
      write(*on.on, {1, 1, {}, 0}, rows);
      CHECK(load(*on.on).rows == rows);
    }
  }
}

TEST_CASE("memory_stores: a failed checkpoint is all or nothing", "[stores]") {
  for (const auto fault : {write_fault::lost, write_fault::kept}) {
    const auto disk = std::make_shared<memory_state_disk>();
    auto store = open_memory_state(disk);
    REQUIRE(store->load());
    disk->next_write = fault;
    CHECK(!store->write({1, 1, {}, 0}, {{"t", "a", "1"}}));
    CHECK(!store->load());
    const auto image = open_memory_state(disk)->load();
    REQUIRE(image);
    const auto kept = fault == write_fault::kept;
    CHECK(image->mark.index == (kept ? 1 : 0));
    CHECK(image->rows.size() == (kept ? 1 : 0));
  }
}
