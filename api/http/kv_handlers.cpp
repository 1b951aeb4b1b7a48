// /v1/kv: keys and values.

#include "api/http/handlers.hpp"
#include "api/http/http_error.hpp"
#include "api/http/reads.hpp"
#include "api/http/respond.hpp"
#include "runtime/base/json.hpp"
#include "runtime/base/text.hpp"

#include <algorithm>
#include <initializer_list>

namespace praetor::http {
namespace {

/// kv's errors carry no X-Consul-Index.
read_style kv_style() {
  return {.meta_on_errors = false};
}

void get_key(exchange x) {
  kv::query q;
  q.name = x.rq.argument;
  if (x.rq.has("keys")) {
    q.kind = kv::query_kind::keys;
    // Old clients misspell it.
    for (const auto* name : {"seperator", "separator"})
      if (const auto separator = x.rq.parameter(name))
        q.separator = *separator;
  } else if (x.rq.has("recurse")) {
    q.kind = kv::query_kind::prefix;
  } else if (q.name.empty()) {
    return x.respond(plain(400, "Missing key name"));
  } else if (x.rq.has("raw")) {
    q.kind = kv::query_kind::key_raw;
  }
  auto style = kv_style();
  if (q.kind == kv::query_kind::key_raw)
    style.finish = [](const owner::read_answer&, response& r) {
      r.is_json = false;
      r.content_type = "text/plain";
      // Values are anyone's: a browser must not run them.
      r.headers.emplace_back("X-Content-Type-Options", "nosniff");
      r.headers.emplace_back("Content-Security-Policy", "sandbox");
    };
  read_kv(std::move(x), std::move(q), std::move(style));
}

/// As Go's url.QueryEscape.
std::string escape_query(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const auto c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const auto letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
                        || (c >= '0' && c <= '9');
    if (letter || c == '-' || c == '_' || c == '.' || c == '~') {
      out.push_back(c);
    } else if (c == ' ') {
      out.push_back('+');
    } else {
      out.push_back('%');
      out.push_back(digits[byte >> 4U]);
      out.push_back(digits[byte & 0xFU]);
    }
  }
  return out;
}

/// Fails if more than one of `names` is there.
status check_conflict(const request& rq,
                      std::initializer_list<std::string_view> names) {
  const auto given =
    std::count_if(names.begin(), names.end(),
                  [&rq](std::string_view name) { return rq.has(name); });
  if (given < 2)
    return ok;
  auto sorted = rq.parameters;
  std::stable_sort(
    sorted.begin(), sorted.end(),
    [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string text = "Conflicting flags: ";
  for (auto separator = ""; const auto& [name, value] : sorted) {
    text.append(separator).append(escape_query(name)).append("=");
    text.append(escape_query(value));
    separator = "&";
  }
  return error{errc::invalid_argument, std::move(text)};
}

/// Parses a number of the query string. Absent: nothing happens.
status take_number(const request& rq, std::string_view name,
                   std::uint64_t& to) {
  const auto text = rq.parameter(name);
  if (!text)
    return ok;
  const auto number = parse_number(*text);
  if (!number)
    return number.error();
  to = *number;
  return ok;
}

result<kv::key_operation> decode_put(const request& rq) {
  kv::key_operation op;
  op.what = kv::verb::set;
  op.key = rq.argument;
  if (op.key.empty())
    return error{errc::invalid_argument, "Missing key name"};
  if (auto s = check_conflict(rq, {"cas", "acquire", "release"}); !s)
    return s.error();
  if (auto s = take_number(rq, "flags", op.flags); !s)
    return s.error();
  if (rq.has("cas"))
    op.what = kv::verb::cas;
  if (auto s = take_number(rq, "cas", op.index); !s)
    return s.error();
  if (const auto session = rq.parameter("acquire")) {
    op.what = kv::verb::lock;
    op.session = *session;
  }
  if (const auto session = rq.parameter("release")) {
    op.what = kv::verb::unlock;
    op.session = *session;
  }
  op.value = rq.body;
  return op;
}

result<kv::key_operation> decode_delete(const request& rq) {
  kv::key_operation op;
  op.what = rq.has("recurse") ? kv::verb::remove_tree : kv::verb::remove;
  op.key = rq.argument;
  if (op.key.empty() && op.what == kv::verb::remove)
    return error{errc::invalid_argument, "Missing key name"};
  if (auto s = check_conflict(rq, {"recurse", "cas"}); !s)
    return s.error();
  if (rq.has("cas"))
    op.what = kv::verb::remove_cas;
  if (auto s = take_number(rq, "cas", op.index); !s)
    return s.error();
  return op;
}

} // namespace

void kv_key(exchange x) {
  if (x.rq.method == "GET")
    return get_key(std::move(x));
  auto op = x.rq.method == "PUT" ? decode_put(x.rq) : decode_delete(x.rq);
  if (!op)
    return x.respond(failure(op.error()));
  submit_command(std::move(x), kv::command{kv::write_key{std::move(*op)}});
}

} // namespace praetor::http
