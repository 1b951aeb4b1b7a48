#include "actors/catalog/core/transactions.hpp"

#include "actors/catalog/core/rows_json.hpp"
#include "actors/catalog/core/texts.hpp"

#include <string>
#include <utility>

namespace praetor::catalog {

namespace {

// -- what differs between the kinds -------------------------------------------

std::string title(const node_row& x) {
  return "node " + quoted(x.name);
}

std::string title(const service_row& x) {
  return "service " + quoted(x.id) + " on node " + quoted(x.node);
}

std::string title(const check_row& x) {
  return "check " + quoted(x.id) + " on node " + quoted(x.node);
}

const node_row* find(const tables& rows, const node_row& x) {
  return rows.find_node(x.name);
}

const service_row* find(const tables& rows, const service_row& x) {
  return rows.find_service(key_of(x));
}

const check_row* find(const tables& rows, const check_row& x) {
  return rows.find_check(key_of(x));
}

/// A node is shown by its id if the client names one.
template <class Row>
const Row* find_to_show(const tables& rows, const Row& x) {
  if constexpr (std::is_same_v<Row, node_row>)
    if (!x.id.empty())
      return rows.find_node_by_id(x.id);
  return find(rows, x);
}

status ensure(writer& changes, const node_row& x) {
  return changes.ensure_node(x);
}

status ensure(writer& changes, const service_row& x) {
  return changes.ensure_service(x);
}

status ensure(writer& changes, const check_row& x) {
  return changes.ensure_check(x);
}

void remove(writer& changes, const node_row& x) {
  changes.remove_node(key_of(x));
}

void remove(writer& changes, const service_row& x) {
  changes.remove_service(key_of(x));
}

void remove(writer& changes, const check_row& x) {
  changes.remove_check(key_of(x));
}

std::string shown(const node_row& x) {
  std::string out;
  json_writer json{out};
  write_node(json.begin_object().key("Node"), x);
  json.end_object();
  return out;
}

std::string shown(const service_row& x) {
  std::string out;
  json_writer json{out};
  write_node_service(json.begin_object().key("Service"), x, empty_tags::null);
  json.end_object();
  return out;
}

std::string shown(const check_row& x) {
  std::string out;
  json_writer json{out};
  write_check(json.begin_object().key("Check"), x, empty_tags::null);
  json.end_object();
  return out;
}

// -- what does not ------------------------------------------------------------

status check_operation(const node_row& x) {
  return x.name.empty() ? rejected("Must provide node") : check_node_id(x.id);
}

status check_operation(const service_row& x) {
  return check_service(x);
}

status check_operation(const check_row&) {
  return ok;
}

error stale(const char* action, const std::string& what) {
  return rejected(std::string{"failed to "} + action + " " + what
                  + ", index is stale");
}

/// Gives the element of "Results", empty if there is none.
template <class Row>
result<std::string> show(const Row& x, const tables& rows) {
  const auto* found = find_to_show(rows, x);
  if (found == nullptr)
    return rejected(title(x) + " doesn't exist");
  return shown(*found);
}

template <class Row>
result<std::string> store(const Row& x, const tables& rows, writer& changes) {
  if (auto s = ensure(changes, x); !s)
    return s.error();
  return show(x, rows);
}

template <class Row>
result<std::string> run_one(verb what, const Row& x, const tables& rows,
                            writer& changes) {
  const auto* old = find(rows, x);
  switch (what) {
    case verb::get: return show(x, rows);
    case verb::set: return store(x, rows, changes);
    case verb::cas:
      if ((old == nullptr ? 0 : old->modify_index) != x.modify_index)
        return stale("set", title(x));
      return store(x, rows, changes);
    case verb::remove_cas:
      if (old == nullptr || old->modify_index != x.modify_index)
        return stale("delete", title(x));
      [[fallthrough]];
    case verb::remove: remove(changes, x); return std::string{};
  }
  return rejected("unknown verb"); // a number that the codec let pass
}

} // namespace

transaction_outcome run(const transaction& x, const tables& rows,
                        writer& changes) {
  transaction_outcome out;
  for (const auto& op : x.operations) {
    const auto s = std::visit(
      [](const auto& target) { return check_operation(target); }, op.target);
    if (!s)
      out.errors.emplace_back(op.position, s.error().context);
  }
  if (!out.errors.empty())
    return out;
  for (const auto& op : x.operations) {
    const auto done = std::visit(
      [&op, &rows, &changes](const auto& target) {
        return run_one(op.what, target, rows, changes);
      },
      op.target);
    if (!done)
      out.errors.emplace_back(op.position, done.error().context);
    else if (!done->empty())
      out.results.emplace_back(op.position, *done);
  }
  return out;
}

} // namespace praetor::catalog
