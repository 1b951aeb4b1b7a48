#include "actors/kv/core/transaction.hpp"

#include "actors/kv/core/encode_json.hpp"
#include "actors/kv/core/texts.hpp"
#include "runtime/base/mutant.hpp"

#include <map>
#include <string>
#include <utility>

namespace praetor::kv {

namespace {

std::string result_of(std::string_view key, const entry& x, bool with_value) {
  std::string out;
  json_writer json{out};
  json.begin_object().key("KV");
  write_entry(json, key, x, with_value);
  json.end_object();
  return out;
}

/// What is wrong whatever the state of the keys. Source: Consul's preCheck; if
/// it finds anything, nothing else is reported.
void check_ahead(const std::vector<positioned_operation>& operations,
                 const surroundings& around, transaction_outcome& out) {
  for (const auto& [position, op] : operations) {
    if (op.key.empty() && op.what != verb::remove_tree)
      out.errors.emplace_back(position, must_provide_key);
    else if (too_early(op, around))
      out.errors.emplace_back(position, in_lock_delay(op.key));
  }
}

/// Whether an accepted verb shows the entry that it leaves.
bool has_result(verb what) {
  return what != verb::remove && what != verb::remove_cas
         && what != verb::check_not_exists;
}

void run_on_key(std::uint32_t position, key_operation& op, draft& keys,
                const surroundings& around, transaction_outcome& out) {
  auto ruled = judge(op, keys.find(op.key), around);
  if (ruled.what == ruling::lost)
    return void(out.errors.emplace_back(position, lost(op.what, op.key)));
  if (ruled.what == ruling::refused)
    return void(out.errors.emplace_back(position, std::move(ruled.why)));
  if (ruled.erases)
    keys.erase(op.key);
  if (ruled.content)
    keys.put(op.key, std::move(*ruled.content));
  if (has_result(op.what))
    out.results.emplace_back(
      position, result_of(op.key, *keys.find(op.key), op.what == verb::get));
}

/// Mutant F04: an order that differs from process to process.
void run_in_order_of_addresses(std::uint32_t position, const key_operation& op,
                               const draft& keys, transaction_outcome& out) {
  std::map<const entry*, std::string> by_address;
  for (const auto& [key, x] : keys.below(op.key))
    by_address.emplace(x, key);
  for (const auto& [x, key] : by_address)
    out.results.emplace_back(position, result_of(key, *x, true));
}

void run_on_prefix(std::uint32_t position, const key_operation& op, draft& keys,
                   transaction_outcome& out) {
  if (op.what == verb::remove_tree)
    return keys.erase_prefix(op.key);
  if (mutant("F04")) // the order of addresses shows in the result
    return run_in_order_of_addresses(position, op, keys, out);
  for (const auto& [key, x] : keys.below(op.key))
    out.results.emplace_back(position, result_of(key, *x, true));
}

} // namespace

transaction_outcome run(std::vector<positioned_operation> operations,
                        draft& keys, const surroundings& around) {
  transaction_outcome out;
  check_ahead(operations, around, out);
  if (!out.errors.empty())
    return out;
  for (auto& [position, op] : operations) {
    if (concerns_prefix(op.what))
      run_on_prefix(position, op, keys, out);
    else
      run_on_key(position, op, keys, around, out);
  }
  if (!out.errors.empty())
    out.results.clear();
  return out;
}

} // namespace praetor::kv
