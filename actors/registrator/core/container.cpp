#include "actors/registrator/core/container.hpp"

#include "actors/registrator/core/json_reading.hpp"

#include <utility>

namespace praetor::registrator {

namespace {

using json = rapidjson::Value;

error bad_answer(std::string what) {
  return {errc::corruption, "the engine answered no " + std::move(what)};
}

void read_config(const json& x, container& to) {
  to.image = text_member(x, "Image");
  to.hostname = text_member(x, "Hostname");
  each_item(member(x, "Env"),
            [&to](const json& y) { to.environment.push_back(text_of(y)); });
  each_member(member(x, "Labels"), [&to](std::string name, const json& y) {
    to.labels[std::move(name)] = text_of(y);
  });
  each_member(member(x, "ExposedPorts"), [&to](std::string name, const json&) {
    to.exposed.insert(std::move(name));
  });
}

void read_network(const json& x, container& to) {
  to.ip = text_member(x, "IPAddress");
  each_member(member(x, "Networks"), [&to](std::string name, const json& y) {
    to.networks[std::move(name)] = {text_member(y, "IPAddress"),
                                    text_member(y, "GlobalIPv6Address")};
  });
  each_member(member(x, "Ports"), [&to](std::string name, const json& y) {
    auto& bindings = to.ports[std::move(name)];
    each_item(y, [&bindings](const json& z) {
      bindings.push_back(
        {text_member(z, "HostIp"), text_member(z, "HostPort")});
    });
  });
}

container_health health_of(const std::string& text) {
  if (text == "starting")
    return container_health::starting;
  if (text == "healthy")
    return container_health::healthy;
  return text == "unhealthy" ? container_health::unhealthy
                             : container_health::none;
}

void read_state(const json& x, container& to) {
  to.up = truth_member(x, "Running") && !truth_member(x, "Restarting");
  to.exit_code = static_cast<int>(number_member(x, "ExitCode"));
  to.health = health_of(text_member(member(x, "Health"), "Status"));
}

} // namespace

result<container> parse_container(std::string_view text) {
  rapidjson::Document document;
  container out;
  if (parse_document(document, text))
    out.id = text_member(document, "Id");
  if (out.id.empty())
    return bad_answer("container");
  out.name = text_member(document, "Name");
  if (out.name.starts_with('/'))
    out.name.erase(0, 1);
  read_config(member(document, "Config"), out);
  out.network_mode = text_member(member(document, "HostConfig"), "NetworkMode");
  read_network(member(document, "NetworkSettings"), out);
  read_state(member(document, "State"), out);
  out.document = text;
  return out;
}

result<std::vector<std::string>> parse_container_ids(std::string_view text) {
  rapidjson::Document document;
  if (!parse_document(document, text) || !document.IsArray())
    return bad_answer("list of containers");
  std::vector<std::string> out;
  auto complete = true;
  each_item(document, [&](const json& x) {
    out.push_back(text_member(x, "Id"));
    complete = complete && !out.back().empty();
  });
  if (!complete)
    return bad_answer("id of a container");
  return out;
}

result<container_event> parse_event(std::string_view text) {
  rapidjson::Document document;
  if (!parse_document(document, text) || !document.IsObject())
    return bad_answer("event");
  const auto& actor = member(document, "Actor");
  const auto& attributes = member(actor, "Attributes");
  container_event out;
  const auto type = text_member(document, "Type");
  out.action = text_member(document, "Action");
  out.id = text_member(actor, "ID");
  // Engines before 1.10 knew nothing but containers, and these names.
  if (out.action.empty())
    out.action = text_member(document, "status");
  if (out.id.empty())
    out.id = text_member(document, "id");
  if ((!type.empty() && type != "container") || out.id.empty()
      || out.action.empty())
    return bad_answer("event of a container");
  out.action = out.action.substr(0, out.action.find(':'));
  out.name = text_member(attributes, "name");
  out.signal = text_member(attributes, "signal");
  out.time = number_member(document, "timeNano");
  if (out.time == 0)
    out.time = number_member(document, "time") * 1'000'000'000;
  return out;
}

result<std::vector<std::string>> object_splitter::add(std::string_view piece) {
  std::vector<std::string> out;
  for (const auto c : piece) {
    if (depth_ == 0 && c != '{') {
      if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
        return bad_answer("stream of events");
      continue;
    }
    pending_.push_back(c);
    if (pending_.size() > object_bytes_max)
      return bad_answer("event of a bearable size");
    if (in_string_) {
      in_string_ = escaped_ || c != '"';
      escaped_ = !escaped_ && c == '\\';
      continue;
    }
    in_string_ = c == '"';
    depth_ += c == '{' ? 1 : c == '}' ? -1 : 0;
    if (depth_ == 0)
      out.push_back(std::exchange(pending_, {}));
  }
  return out;
}

} // namespace praetor::registrator
