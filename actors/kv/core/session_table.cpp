#include "actors/kv/core/session_table.hpp"

#include "actors/kv/core/texts.hpp"
#include "runtime/base/assert.hpp"
#include "runtime/base/text.hpp"

#include <algorithm>
#include <utility>

namespace praetor::kv {

namespace {

constexpr std::size_t id_size = 36;
constexpr std::size_t id_hyphens_max = 4;
constexpr std::size_t id_digits = 32;

error bad_id(std::string_view why) {
  return {errc::rejected, failed_session_lookup(why)};
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')
         || (c >= 'A' && c <= 'F');
}

bool rests_on(const session_row& x, std::string_view check) {
  const auto same = [check](const std::string& id) {
    return equal_fold(id, check);
  };
  return std::any_of(x.node_checks.begin(), x.node_checks.end(), same)
         || std::any_of(x.service_checks.begin(), x.service_checks.end(), same);
}

} // namespace

// Source: go-memdb, UUIDFieldIndex, which takes hyphens anywhere.
result<std::string> session_id(std::string_view text) {
  if (text.size() != id_size)
    return bad_id("UUID must be 36 characters");
  auto id = to_lower(text);
  std::erase(id, '-');
  const auto hyphens = id_size - id.size();
  if (hyphens > id_hyphens_max)
    return bad_id("UUID should have maximum of 4 \"-\"; got "
                  + std::to_string(hyphens));
  if (id.size() % 2 != 0)
    return bad_id("Input (without hyphens) must be even length");
  const auto bad = std::find_if_not(
    text.begin(), text.end(), [](char c) { return is_hex(c) || c == '-'; });
  if (bad != text.end())
    return bad_id("Invalid UUID: encoding/hex: invalid byte: "
                  + name_of_byte(static_cast<unsigned char>(*bad)));
  if (id.size() != id_digits)
    return id; // too many digits: no session has such an id
  for (const auto at : {8U, 13U, 18U, 23U})
    id.insert(at, 1, '-');
  return id;
}

const session_row* session_table::find(std::string_view id) const {
  const auto at = rows_.find(id);
  return at == rows_.end() ? nullptr : &at->second;
}

void session_table::add(session_row x) {
  changed_.insert(x.id);
  load(std::move(x));
}

void session_table::load(session_row x) {
  max_index_ = std::max(max_index_, x.modify_index);
  by_node_[to_lower(x.node)].insert(x.id);
  auto id = x.id;
  const auto fresh = rows_.emplace(std::move(id), std::move(x)).second;
  PRAETOR_ASSERT(fresh);
}

session_row session_table::remove(std::string_view id, log_index index) {
  const auto at = rows_.find(id);
  PRAETOR_ASSERT(at != rows_.end());
  auto gone = std::move(at->second);
  rows_.erase(at);
  const auto on_node = by_node_.find(to_lower(gone.node));
  on_node->second.erase(gone.id);
  if (on_node->second.empty())
    by_node_.erase(on_node);
  changed_.insert(gone.id);
  max_index_ = std::max(max_index_, index);
  return gone;
}

std::vector<std::string> session_table::of_node(std::string_view node) const {
  const auto at = by_node_.find(to_lower(node));
  if (at == by_node_.end())
    return {};
  return {at->second.begin(), at->second.end()};
}

std::vector<std::string>
session_table::ended_by(const liveness_loss& loss) const {
  auto ids = of_node(loss.node);
  if (loss.check)
    std::erase_if(ids, [this, &loss](const std::string& id) {
      return !rests_on(rows_.at(id), *loss.check);
    });
  return ids;
}

std::set<std::string> session_table::take_changed() {
  return std::exchange(changed_, {});
}

void session_table::load_max_index(log_index index) {
  max_index_ = std::max(max_index_, index);
}

void session_table::check_invariants() const {
  std::size_t count = 0;
  for (const auto& [node, ids] : by_node_) {
    PRAETOR_ASSERT(!ids.empty());
    count += ids.size();
    for (const auto& id : ids)
      PRAETOR_ASSERT(to_lower(rows_.at(id).node) == node);
  }
  PRAETOR_ASSERT(count == rows_.size());
  for (const auto& [id, x] : rows_) {
    PRAETOR_ASSERT(x.id == id);
    PRAETOR_ASSERT(x.create_index <= x.modify_index);
    PRAETOR_ASSERT(x.modify_index <= max_index_);
  }
}

} // namespace praetor::kv
