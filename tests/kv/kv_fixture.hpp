// A kv core that counts its own log entries, and short ways to feed it.

#pragma once

#include "actors/kv/core/kv_core.hpp"
#include "runtime/base/codec.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace praetor::kv {

/// Ids of sessions for tests, in order.
inline const std::string session_a = "aaaaaaaa-0000-4000-8000-000000000001";
inline const std::string session_b = "bbbbbbbb-0000-4000-8000-000000000002";
inline const std::string session_c = "cccccccc-0000-4000-8000-000000000003";

inline key_operation op(verb what, std::string key, std::string value = {}) {
  return {what, std::move(key), std::move(value), 0, 0, {}};
}

inline key_operation op_at(verb what, std::string key, log_index index,
                           std::string value = {}) {
  return {what, std::move(key), std::move(value), 0, index, {}};
}

inline key_operation op_by(verb what, std::string key, std::string session,
                           std::string value = {}) {
  return {what, std::move(key), std::move(value), 0, 0, std::move(session)};
}

inline session_row make_session(std::string id, duration lock_delay = {}) {
  session_row x;
  x.id = std::move(id);
  x.node = "n1";
  x.lock_delay = lock_delay;
  x.node_checks = {"serfHealth"};
  return x;
}

inline transaction make_transaction(std::vector<key_operation> operations) {
  transaction out;
  std::uint32_t position = 0;
  for (auto& x : operations)
    out.operations.push_back({position++, std::move(x)});
  return out;
}

/// The checkpoint as a state store would hold it.
using stored_rows = std::map<std::pair<std::string, std::string>, std::string>;

inline void store(stored_rows& into, const std::vector<row>& rows) {
  for (const auto& x : rows) {
    if (x.value)
      into[{x.table, x.key}] = *x.value;
    else
      into.erase({x.table, x.key});
  }
}

inline kv_core restore(const stored_rows& rows) {
  kv_core out;
  for (const auto& [at, value] : rows)
    REQUIRE(out.load({at.first, at.second, value}));
  return out;
}

/// See the head of the file.
struct machine {
  kv_core core;
  log_index index = 10;
  cluster_time now = 1'000'000;

  command_result apply(command x) {
    auto out = core.apply(++index, now, std::move(x));
    core.check_invariants();
    CHECK(out.index == index);
    return out;
  }

  command_result write(key_operation x) {
    return apply(write_key{std::move(x)});
  }

  command_result transact(std::vector<key_operation> operations) {
    return apply(make_transaction(std::move(operations)));
  }

  answer ask(query_kind kind, std::string name = {},
             std::string separator = {}) const {
    return core.evaluate({kind, std::move(name), std::move(separator), {}});
  }

  /// Returns the body, or nothing if it was not found.
  std::string get(query_kind kind, std::string name = {},
                  std::string separator = {}) const {
    const auto x = ask(kind, std::move(name), std::move(separator));
    return x.found ? *x.body : "(not found)";
  }
};

/// Returns results, or errors, in one line: `0:text 3:text`.
inline std::string summary(const command_result& x) {
  const auto outcome = decode<transaction_outcome>(x.body);
  REQUIRE(outcome);
  CHECK((x.code == errc::conflict) == !outcome->errors.empty());
  CHECK((outcome->results.empty() || outcome->errors.empty()));
  std::string out;
  for (const auto& list : {outcome->results, outcome->errors})
    for (const auto& [position, text] : list)
      out += (out.empty() ? "" : " ") + std::to_string(position) + ":" + text;
  return out;
}

} // namespace praetor::kv
