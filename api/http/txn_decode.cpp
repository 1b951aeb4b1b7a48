#include "api/http/txn_decode.hpp"

#include "api/http/json_decode.hpp"
#include "api/http/registration_decode.hpp"

#include <array>
#include <optional>
#include <string>

namespace praetor::http {
namespace {

struct key_body {
  std::string verb;
  kv::key_operation operation;
};

/// An operation on a row of the catalog.
template <class Row>
struct row_body {
  std::string verb;
  /// Only services name their node beside the row.
  std::string node;
  Row row;
};

using node_body = row_body<catalog::node_row>;
using service_body = row_body<catalog::service_row>;
using check_body = row_body<catalog::check_row>;

struct operation_body {
  std::optional<key_body> key;
  std::optional<node_body> node;
  std::optional<service_body> service;
  std::optional<check_body> check;
};

constexpr json_member<key_body> key_members[] = {
  field<&key_body::verb>("Verb"),
  field<&key_body::operation, &kv::key_operation::key>("Key"),
  base64<&key_body::operation, &kv::key_operation::value>("Value"),
  field<&key_body::operation, &kv::key_operation::flags>("Flags"),
  field<&key_body::operation, &kv::key_operation::index>("Index"),
  field<&key_body::operation, &kv::key_operation::session>("Session"),
};

constexpr json_member<node_body> node_members[] = {
  field<&node_body::verb>("Verb"),
  {"Node", [](const json_value& from, std::string_view name,
              node_body& to) { return take_node_row(from, name, to.row); }},
};

constexpr json_member<service_body> service_members[] = {
  field<&service_body::verb>("Verb"),
  field<&service_body::node>("Node"),
  {"Service",
   [](const json_value& from, std::string_view name, service_body& to) {
     return take_service_row(from, name, to.row);
   }},
};

constexpr json_member<check_body> check_members[] = {
  field<&check_body::verb>("Verb"),
  {"Check", [](const json_value& from, std::string_view name,
               check_body& to) { return take_check_row(from, name, to.row); }},
};

constexpr json_member<operation_body> operation_members[] = {
  object<&operation_body::key, key_members>("KV"),
  object<&operation_body::node, node_members>("Node"),
  object<&operation_body::service, service_members>("Service"),
  object<&operation_body::check, check_members>("Check"),
};

struct key_verb {
  std::string_view name;
  kv::verb verb;
  bool reads;
};

constexpr std::array key_verbs = {
  key_verb{"set", kv::verb::set, false},
  key_verb{"cas", kv::verb::cas, false},
  key_verb{"lock", kv::verb::lock, false},
  key_verb{"unlock", kv::verb::unlock, false},
  key_verb{"get", kv::verb::get, true},
  key_verb{"get-tree", kv::verb::get_tree, true},
  key_verb{"check-index", kv::verb::check_index, true},
  key_verb{"check-session", kv::verb::check_session, true},
  key_verb{"check-not-exists", kv::verb::check_not_exists, true},
  key_verb{"delete", kv::verb::remove, false},
  key_verb{"delete-tree", kv::verb::remove_tree, false},
  key_verb{"delete-cas", kv::verb::remove_cas, false},
};

struct row_verb {
  std::string_view name;
  catalog::verb verb;
};

constexpr std::array row_verbs = {
  row_verb{"get", catalog::verb::get},
  row_verb{"set", catalog::verb::set},
  row_verb{"cas", catalog::verb::cas},
  row_verb{"delete", catalog::verb::remove},
  row_verb{"delete-cas", catalog::verb::remove_cas},
};

/// An unknown verb counts as a read; kv refuses it by the name in `value`.
void add(decoded_transaction& t, std::uint32_t position, key_body body) {
  auto& op = body.operation;
  const key_verb* known = nullptr;
  for (const auto& x : key_verbs)
    if (x.name == body.verb)
      known = &x;
  op.what = known != nullptr ? known->verb : kv::verb{};
  if (known == nullptr)
    op.value = std::move(body.verb);
  t.reads_only &= known == nullptr || known->reads;
  t.keys.operations.push_back({position, std::move(op)});
}

template <class Row>
void add(decoded_transaction& t, std::uint32_t position, row_body<Row> body,
         std::string_view kind) {
  t.reads_only &= body.verb == "get";
  for (const auto& x : row_verbs) {
    if (x.name != body.verb)
      continue;
    t.catalog.operations.push_back({position, x.verb, std::move(body.row)});
    return;
  }
  t.errors.emplace_back(position, "unknown " + std::string{kind} + " verb \""
                                    + body.verb + "\"");
}

} // namespace

result<decoded_transaction> decode_transaction(std::string_view body) {
  auto operations = decode_json_list(body, operation_members);
  if (!operations)
    return operations.error();
  decoded_transaction t;
  for (auto& op : *operations) {
    const auto position = static_cast<std::uint32_t>(t.count);
    if (op.key) {
      add(t, position, std::move(*op.key));
    } else if (op.node) {
      add(t, position, std::move(*op.node), "Node");
    } else if (op.service) {
      op.service->row.node = std::move(op.service->node);
      add(t, position, std::move(*op.service), "Service");
    } else if (op.check) {
      add(t, position, std::move(*op.check), "Check");
    } else {
      continue;
    }
    ++t.count;
  }
  return t;
}

} // namespace praetor::http
