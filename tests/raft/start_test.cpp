// Goal: a server starts from what fits together on its disk, and refuses what
// does not.
// Method: one disk that is good, and tables of small changes to it.

#include "actors/raft/core/raft_core.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <string>
#include <vector>

using namespace praetor;
using namespace praetor::raft;

namespace {

membership of_three() {
  membership x;
  for (const auto* id : {"1", "2", "3"})
    x.members.push_back({{id}, std::string{"10.0.0."} + id, true});
  return x;
}

entry_ptr entry(log_index index, log_term term,
                entry_kind kind = entry_kind::command,
                std::string payload = "x") {
  return std::make_shared<const log_entry>(
    log_entry{index, term, kind, 0, {}, std::move(payload)});
}

/// A checkpoint of 4, and the log from 3 to 6.
restored good_disk() {
  restored x;
  x.hard = {7, {"1"}};
  x.start = {3, 2};
  x.entries = {entry(4, 2), entry(5, 5), entry(6, 5)};
  x.checkpoint = {4, 2};
  x.members = of_three();
  x.members_index = 1;
  return x;
}

} // namespace

TEST_CASE("raft: a disk whose parts do not fit is refused", "[raft][core]") {
  struct row {
    const char* why;
    std::function<void(restored&)> change;
    bool good;
  };
  const std::vector<row> rows{
    {"nothing", [](restored&) {}, true},
    {"an empty one", [](restored& x) { x = {}; }, true},
    {"the checkpoint is where the log begins",
     [](restored& x) {
       x.checkpoint = {3, 2};
     },
     true},
    {"the checkpoint is in front of the log",
     [](restored& x) {
       x.checkpoint = {2, 2};
     },
     false},
    {"the checkpoint is behind the log",
     [](restored& x) {
       x.checkpoint = {9, 7};
     },
     true},
    {"the log still has what the checkpoint replaced",
     [](restored& x) {
       x.checkpoint = {4, 6};
     },
     true},
    {"a gap", [](restored& x) { x.entries[1] = entry(7, 5); }, false},
    {"an entry twice", [](restored& x) { x.entries[1] = entry(4, 5); }, false},
    {"a term that falls", [](restored& x) { x.entries[2] = entry(6, 4); },
     false},
    {"a first term that falls", [](restored& x) { x.start.term = 3; }, false},
    {"the last entry is of the stored term",
     [](restored& x) { x.entries[2] = entry(6, 7); }, true},
    {"the last entry is newer than the stored term",
     [](restored& x) { x.entries[2] = entry(6, 8); }, false},
    {"the checkpoint is newer than the stored term",
     [](restored& x) {
       x.checkpoint = {9, 8};
     },
     false},
    {"a membership that does not decode",
     [](restored& x) {
       x.entries[1] = entry(5, 5, entry_kind::config, "garbage");
     },
     false},
    {"a membership in the log",
     [](restored& x) {
       x.entries[1] = entry(5, 5, entry_kind::config, encode(of_three()));
     },
     true},
    {"the membership is of the checkpoint",
     [](restored& x) { x.members_index = 4; }, true},
    {"the membership is newer than its checkpoint",
     [](restored& x) { x.members_index = 5; }, false},
  };
  for (const auto& x : rows) {
    CAPTURE(x.why);
    auto disk = good_disk();
    x.change(disk);
    CHECK(static_cast<bool>(check(disk)) == x.good);
  }
}

TEST_CASE("raft: a server goes on where its disk ends", "[raft][core]") {
  struct row {
    const char* why;
    log_position checkpoint;
    log_index last;
    log_index start;
    log_index members_index;
  };
  // The entry 5 is a membership.
  const std::vector<row> rows{
    {"the log has what the checkpoint covers", {4, 2}, 6, 3, 5},
    {"the checkpoint is where the log ends", {6, 5}, 6, 3, 5},
    {"the checkpoint is behind the log", {7, 5}, 7, 7, 1},
    {"the log has other entries there", {6, 6}, 6, 6, 1},
  };
  for (const auto& x : rows) {
    CAPTURE(x.why);
    auto disk = good_disk();
    disk.entries[1] = entry(5, 5, entry_kind::config, encode(of_three()));
    disk.checkpoint = {x.checkpoint.index, x.checkpoint.term};
    REQUIRE(check(disk));
    core_options opts;
    opts.self = {"1"};
    raft_core core{opts, disk, time_point{} + std::chrono::hours{1}};
    CHECK(core.entries().last() == x.last);
    CHECK(core.entries().start().index == x.start);
    CHECK(core.commit() == x.checkpoint.index);
    CHECK(core.applied() == x.checkpoint.index);
    CHECK(core.memberships().latest_index() == x.members_index);
    CHECK(core.role() == role::follower);
    const auto out = core.step(begin{}, time_point{} + std::chrono::hours{1});
    CHECK(out.write.has_value() == (x.start != 3));
    if (out.write) {
      CHECK(out.write->batch.restart->index == x.start);
      CHECK(out.write->batch.restart->term == x.checkpoint.term);
    }
  }
}
