// Goal: all versions of log_store keep the promises of storage/log_store.hpp.
// Method: one suite, run in memory, on a real LevelDB and on one whose disk is
// simulated. "Reopen" closes the store and loads from what is left.

#include "tests/stores/store_support.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace praetor::test;

namespace {

/// A store on a disk, as a process would use it.
class server {
public:
  explicit server(disk& on) : disk_{on} { reopen(); }

  void reopen() {
    store.reset();
    auto opened = disk_.open_log();
    REQUIRE(opened);
    store = std::move(*opened);
    auto loaded = store->load();
    REQUIRE(loaded);
    image = std::move(*loaded);
  }

  void append(const log_batch& batch) { REQUIRE(store->append({&batch})); }

  /// What is in the log after a restart.
  std::string log() {
    reopen();
    return std::to_string(image.start.index) + ":"
           + std::to_string(image.start.term) + " | " + show(image.entries);
  }

  std::unique_ptr<log_store> store;
  log_image image;

private:
  disk& disk_;
};

log_batch entries(log_index from, log_index to, log_term term) {
  log_batch out;
  out.entries = make_entries(from, to, term);
  return out;
}

std::string text_of(const result<std::vector<entry_ptr>>& x) {
  return x ? show(*x) : std::string{to_string(x.error().code)};
}

} // namespace

TEST_CASE("log_store: an empty log has nothing", "[stores]") {
  for (auto& on : all_disks()) {
    DYNAMIC_SECTION(on.name) {
      server s{*on.on};
      CHECK(!s.image.identity);
      CHECK(s.image.hard == hard_state{});
      CHECK(s.image.boot == 1);
      CHECK(s.log() == "0:0 | ");
      CHECK(text_of(s.store->read(1, 1, 100)) == "not_found");
    }
  }
}

TEST_CASE("log_store: every start raises the boot counter", "[stores]") {
  for (auto& on : all_disks()) {
    DYNAMIC_SECTION(on.name) {
      server s{*on.on};
      for (auto boot = 2U; boot < 6; ++boot) {
        s.reopen();
        CHECK(s.image.boot == boot);
      }
    }
  }
}

TEST_CASE("log_store: the identity is kept", "[stores]") {
  for (auto& on : all_disks()) {
    DYNAMIC_SECTION(on.name) {
      server s{*on.on};
      const log_identity id{"cluster", {"node"}};
      REQUIRE(s.store->write_identity(id));
      s.reopen();
      CHECK(s.image.identity == id);
    }
  }
}

TEST_CASE("log_store: entries come back whole", "[stores]") {
  for (auto& on : all_disks()) {
    DYNAMIC_SECTION(on.name) {
      server s{*on.on};
      log_batch batch;
      batch.hard = hard_state{7, {"me"}};
      batch.entries = {make_entry(1, 7, ""),
                       make_entry(2, 7, std::string(100'000, 'a')),
                       make_entry(3, 7, std::string{"\0\xff", 2})};
      s.append(batch);
      s.reopen();
      CHECK(values(s.image.entries) == values(batch.entries));
      CHECK(s.image.hard == *batch.hard);
    }
  }
}

TEST_CASE("log_store: batches take effect in the order of their members",
          "[stores]") {
  struct step {
    const char* name;
    log_batch batch;
    std::string log;
  };
  std::vector<step> steps;
  const auto add = [&steps](const char* name, std::string log) -> log_batch& {
    steps.push_back({name, {}, std::move(log)});
    return steps.back().batch;
  };
  add("append", "0:0 | 1:1 2:1 3:1 4:1 5:1").entries = make_entries(1, 5, 1);
  add("cut the end", "0:0 | 1:1 2:1 3:1").truncate_from = 4;
  add("cut behind the end: nothing", "0:0 | 1:1 2:1 3:1").truncate_from = 4;
  auto& replace = add("replace the end", "0:0 | 1:1 2:2 3:2 4:2");
  replace.truncate_from = 2;
  replace.entries = make_entries(2, 4, 2);
  add("cut the front", "2:2 | 3:2 4:2").discard_upto = log_start{2, 2};
  add("cut the front again: nothing", "2:2 | 3:2 4:2").discard_upto =
    log_start{1, 1};
  auto& both = add("append and cut the front", "6:3 | 7:3");
  both.entries = make_entries(5, 7, 3);
  both.discard_upto = log_start{6, 3};
  add("cut all", "7:3 | ").discard_upto = log_start{7, 3};
  auto& restart = add("restart ahead", "20:4 | 21:5 22:5");
  restart.restart = log_start{20, 4};
  restart.entries = make_entries(21, 22, 5);
  add("restart within", "21:5 | ").restart = log_start{21, 5};
  add("append behind a restart", "21:5 | 22:6").entries =
    make_entries(22, 22, 6);
  auto& back = add("restart before", "2:2 | 3:9");
  back.restart = log_start{2, 2};
  back.entries = make_entries(3, 3, 9);
  for (auto& on : all_disks()) {
    DYNAMIC_SECTION(on.name) {
      server s{*on.on};
      for (const auto& x : steps) {
        INFO(x.name);
        s.append(x.batch);
        CHECK(s.log() == x.log);
      }
    }
  }
}

TEST_CASE("log_store: several batches are one write, in order", "[stores]") {
  for (auto& on : all_disks()) {
    DYNAMIC_SECTION(on.name) {
      server s{*on.on};
      const auto first = entries(1, 3, 1);
      auto second = entries(2, 5, 2);
      second.truncate_from = 2;
      second.hard = hard_state{2, {"b"}};
      const auto third = entries(6, 6, 2);
      REQUIRE(s.store->append({&first, &second, &third}));
      REQUIRE(s.store->append({}));
      CHECK(s.log() == "0:0 | 1:1 2:2 3:2 4:2 5:2 6:2");
      CHECK(s.image.hard == hard_state{2, {"b"}});
    }
  }
}

TEST_CASE("log_store: a vote is kept until there is a newer one", "[stores]") {
  for (auto& on : all_disks()) {
    DYNAMIC_SECTION(on.name) {
      server s{*on.on};
      log_batch vote;
      vote.hard = hard_state{3, {"candidate"}};
      s.append(vote);
      s.append(entries(1, 1, 3));
      s.reopen();
      CHECK(s.image.hard == *vote.hard);
      vote.hard = hard_state{4, {}};
      s.append(vote);
      s.reopen();
      CHECK(s.image.hard == *vote.hard);
    }
  }
}

TEST_CASE("log_store: read stays within the log and the limit", "[stores]") {
  struct row {
    const char* name;
    log_index from, to;
    std::uint64_t bytes_max;
    std::string expected;
  };
  // The log holds entries 3 to 8 of 100 bytes.
  const row rows[] = {
    {"all", 3, 8, 1000, "3:1 4:1 5:1 6:1 7:1 8:1"},
    {"a part", 4, 5, 1000, "4:1 5:1"},
    {"behind the end", 7, 100, 1000, "7:1 8:1"},
    {"the limit is exact", 3, 8, 300, "3:1 4:1 5:1"},
    {"the limit cuts", 3, 8, 299, "3:1 4:1"},
    {"at least one", 3, 8, 0, "3:1"},
    {"before the start", 2, 8, 1000, "not_found"},
    {"after the end", 9, 9, 1000, "not_found"},
    {"index 0", 0, 8, 1000, "not_found"},
    {"backwards", 5, 4, 1000, "not_found"},
  };
  for (auto& on : all_disks()) {
    DYNAMIC_SECTION(on.name) {
      server s{*on.on};
      log_batch batch;
      batch.entries = make_entries(1, 8, 1, std::string(100, 'a'));
      batch.discard_upto = log_start{2, 1};
      s.append(batch);
      for (const auto& x : rows) {
        INFO(x.name);
        CHECK(text_of(s.store->read(x.from, x.to, x.bytes_max)) == x.expected);
      }
      const auto some = s.store->read(4, 5, 1000);
      REQUIRE(some);
      CHECK(values(*some)
            == values(make_entries(4, 5, 1, std::string(100, 'a'))));
    }
  }
}

TEST_CASE("log_store: a long log that is cut from the front stays right",
          "[stores]") {
  for (auto& on : all_disks()) {
    DYNAMIC_SECTION(on.name) {
      server s{*on.on};
      const std::string payload(200, 'p');
      for (log_index i = 1; i <= 6000; i += 100) {
        log_batch batch;
        batch.entries = make_entries(i, i + 99, 1, payload);
        if (i == 5001)
          batch.discard_upto = log_start{4500, 1};
        s.append(batch);
      }
      s.reopen();
      CHECK(s.image.start == log_start{4500, 1});
      CHECK(values(s.image.entries)
            == values(make_entries(4501, 6000, 1, payload)));
    }
  }
}

TEST_CASE("memory_stores: a failed write is final", "[stores]") {
  for (const auto fault : {write_fault::lost, write_fault::kept}) {
    const auto disk = std::make_shared<memory_log_disk>();
    auto store = open_memory_log(disk);
    REQUIRE(store->load());
    disk->next_write = fault;
    const auto one = entries(1, 1, 1);
    CHECK(!store->append({&one}));
    CHECK(!store->append({&one}));
    CHECK(!store->read(1, 1, 1));
    const auto image = open_memory_log(disk)->load();
    REQUIRE(image);
    CHECK(image->entries.size() == (fault == write_fault::kept ? 1 : 0));
  }
}
