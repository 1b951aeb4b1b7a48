#include "tests/sim/check/case_file.hpp"

#include "runtime/base/json.hpp"

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>

#include <utility>

namespace praetor::sim {

namespace {

using value = rapidjson::Value;

error bad(const std::string& what) {
  return {errc::invalid_argument, "case file: " + what};
}

status take(const value& x, const std::string& name, std::string& to) {
  if (!x.IsString())
    return bad(name + " must be a text");
  to.assign(x.GetString(), x.GetStringLength());
  return ok;
}

status take(const value& x, const std::string& name, std::uint64_t& to) {
  if (!x.IsUint64())
    return bad(name + " must be a number that is not negative");
  to = x.GetUint64();
  return ok;
}

status take(const value& x, const std::string& name, std::int64_t& to) {
  if (!x.IsInt64())
    return bad(name + " must be a whole number");
  to = x.GetInt64();
  return ok;
}

status take(const value& x, const std::string& name,
            std::map<std::string, std::int64_t>& to) {
  if (!x.IsObject())
    return bad(name + " must be an object");
  for (const auto& m : x.GetObject()) {
    const std::string key{m.name.GetString(), m.name.GetStringLength()};
    if (auto s = take(m.value, name + "." + key, to[key]); !s)
      return s;
  }
  return ok;
}

/// Calls `f(member name, value)` for each member.
template <class F>
status for_members(const value& x, const std::string& name, F f) {
  if (!x.IsObject())
    return bad(name + " must be an object");
  for (const auto& m : x.GetObject()) {
    const std::string key{m.name.GetString(), m.name.GetStringLength()};
    if (auto s = f(key, m.value); !s)
      return s;
  }
  return ok;
}

status take(const value& x, const std::string& name, decision& to) {
  return for_members(
    x, name, [&to, &name](const std::string& key, const value& v) -> status {
      const auto full = name + "." + key;
      if (key == "kind")
        return take(v, full, to.kind);
      if (key == "at_ns")
        return take(v, full, to.at_ns);
      if (key == "node")
        return take(v, full, to.node);
      if (key == "peer")
        return take(v, full, to.peer);
      if (key == "client")
        return take(v, full, to.client);
      if (key == "number")
        return take(v, full, to.number);
      if (key == "value")
        return take(v, full, to.value);
      return bad(full + " is not known");
    });
}

status take(const value& x, const std::string& name,
            std::pair<std::uint64_t, std::uint64_t>& to) {
  if (!x.IsArray() || x.Size() != 2)
    return bad(name + " must be a pair of numbers");
  if (auto s = take(x[0], name + "[0]", to.first); !s)
    return s;
  return take(x[1], name + "[1]", to.second);
}

/// Calls `add(element)` for each element.
template <class T, class Add>
status take_list(const value& x, const std::string& name, Add add) {
  if (!x.IsArray())
    return bad(name + " must be a list");
  if (x.Size() > case_list_max)
    return bad(name + " has more than " + std::to_string(case_list_max)
               + " elements");
  for (rapidjson::SizeType i = 0; i < x.Size(); ++i) {
    T each{};
    if (auto s = take(x[i], name + "[" + std::to_string(i) + "]", each); !s)
      return s;
    add(std::move(each));
  }
  return ok;
}

status take_member(const std::string& key, const value& v, sim_case& to) {
  if (key == "seed")
    return take(v, key, to.seed);
  if (key == "nodes")
    return take(v, key, to.nodes);
  if (key == "clients")
    return take(v, key, to.clients);
  if (key == "duration_ns")
    return take(v, key, to.duration_ns);
  if (key == "invariant")
    return take(v, key, to.invariant);
  if (key == "mutant")
    return take(v, key, to.mutant);
  if (key == "note")
    return take(v, key, to.note);
  if (key == "settings")
    return take(v, key, to.settings);
  if (key == "faults")
    return take_list<decision>(
      v, key, [&to](decision x) { to.faults.push_back(std::move(x)); });
  if (key == "dropped_operations")
    return take_list<std::pair<std::uint64_t, std::uint64_t>>(
      v, key, [&to](auto x) { to.dropped_operations.insert(x); });
  return bad(key + " is not known");
}

void write(json_writer& out, const decision& x) {
  out.begin_object();
  out.key("kind").string(x.kind);
  out.key("at_ns").number(x.at_ns);
  out.key("node").string(x.node);
  out.key("peer").string(x.peer);
  out.key("client").number(x.client);
  out.key("number").number(x.number);
  out.key("value").number(x.value);
  out.end_object();
}

/// Writes each element on a line of its own.
template <class List, class Write>
std::string lines(const List& xs, Write write_one) {
  std::string out = "[";
  auto separator = "\n";
  for (const auto& x : xs) {
    out += separator;
    out += "    ";
    json_writer json{out};
    write_one(json, x);
    separator = ",\n";
  }
  return out + (xs.empty() ? "]" : "\n  ]");
}

} // namespace

result<sim_case> read_case(std::string_view json) {
  rapidjson::Document all;
  // Not recursive: how deep it nests is the file's to say.
  all.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  if (all.HasParseError())
    return bad(std::string{rapidjson::GetParseError_En(all.GetParseError())}
               + " at byte " + std::to_string(all.GetErrorOffset()));
  sim_case out;
  const auto s = for_members(all, "the case",
                             [&out](const std::string& key, const value& v) {
                               return take_member(key, v, out);
                             });
  if (!s)
    return s.error();
  return out;
}

std::string write_case(const sim_case& x) {
  std::string out = "{\n";
  const auto number = [&out](const char* name, std::uint64_t n) {
    out += std::string{"  \""} + name + "\": " + std::to_string(n) + ",\n";
  };
  const auto text = [&out](const char* name, const std::string& t) {
    out += std::string{"  \""} + name + "\": " + json_quote(t) + ",\n";
  };
  number("seed", x.seed);
  number("nodes", x.nodes);
  number("clients", x.clients);
  number("duration_ns", x.duration_ns);
  text("invariant", x.invariant);
  text("mutant", x.mutant);
  text("note", x.note);
  out += "  \"settings\": {";
  auto separator = "";
  for (const auto& [name, n] : x.settings) {
    out += separator + json_quote(name) + ": " + std::to_string(n);
    separator = ", ";
  }
  out += "},\n  \"faults\": ";
  out += lines(x.faults,
               [](json_writer& json, const decision& d) { write(json, d); });
  out += ",\n  \"dropped_operations\": ";
  out += lines(x.dropped_operations, [](json_writer& json, const auto& pair) {
    json.begin_array().number(pair.first).number(pair.second).end_array();
  });
  return out + "\n}\n";
}

} // namespace praetor::sim
