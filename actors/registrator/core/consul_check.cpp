#include "actors/registrator/core/consul_check.hpp"

#include "actors/registrator/core/consul_body.hpp"
#include "actors/registrator/core/container.hpp"
#include "runtime/base/text.hpp"

#include <optional>

namespace praetor::registrator {

namespace {

using attribute_map = std::map<std::string, std::string>;

constexpr std::string_view default_interval = "10s";
/// How long the last word of a container's HEALTHCHECK counts.
constexpr std::string_view default_docker_ttl = "10m";

std::string replaced(std::string text, std::string_view what,
                     const std::string& with) {
  for (auto at = text.find(what); at != text.npos;
       at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

/// Builds one check from attributes whose names start with "check_".
class builder {
public:
  builder(const service& of, const attribute_map& attributes,
          std::vector<std::string>& notes)
    : of_{of}, attributes_{attributes}, notes_{notes} {}

  std::optional<consul_check> build() {
    if (!choose_kind())
      return std::nullopt;
    if (out_.ttl.empty())
      out_.interval = span("check_interval", default_interval);
    out_.status = get("check_initial_status");
    out_.deregister_after = span("check_deregister_after", "");
    return out_;
  }

private:
  std::string get(const std::string& name) const {
    const auto i = attributes_.find(name);
    return i == attributes_.end() ? "" : i->second;
  }

  void complain(const std::string& name, const std::string& text) {
    notes_.push_back("warning: " + short_id(of_.container_id) + " "
                     + of_.container_name + ": " + name + " \"" + text
                     + "\" is no duration");
  }

  std::string span(const std::string& name, std::string_view preset) {
    auto text = get(name);
    if (text.empty())
      return std::string{preset};
    if (parse_duration(text))
      return text;
    complain(name, text);
    return std::string{preset};
  }

  bool choose_kind() {
    if (const auto path = get("check_http"); !path.empty())
      return request("http", path);
    if (const auto path = get("check_https"); !path.empty())
      return request("https", path);
    if (const auto text = get("check_cmd"); !text.empty()) {
      out_.script_args = {"check-cmd", short_id(of_.container_id),
                          std::to_string(of_.container_port), text};
      return true;
    }
    if (const auto text = get("check_script"); !text.empty())
      return script(text);
    if (const auto text = get("check_ttl"); !text.empty())
      return ttl(span("check_ttl", ""));
    if (!get("check_tcp").empty()) {
      out_.tcp = address_text(of_);
      out_.timeout = span("check_timeout", "");
      return true;
    }
    if (!get("check_grpc").empty())
      return grpc();
    if (const auto text = get("check_docker"); !text.empty())
      return ttl(parse_duration(text) ? text : std::string{default_docker_ttl});
    return false;
  }

  bool request(const std::string& scheme, const std::string& path) {
    out_.http = scheme + "://" + address_text(of_) + path;
    out_.timeout = span("check_timeout", "");
    out_.method = get("check_" + scheme + "_method");
    out_.tls_skip_verify =
      scheme == "https" && !get("check_tls_skip_verify").empty();
    const auto header = get("check_header");
    if (const auto colon = header.find(':'); colon != header.npos) {
      const auto value = header.find_first_not_of(' ', colon + 1);
      out_.header = {header.substr(0, colon),
                     value == header.npos ? "" : header.substr(value)};
    }
    return true;
  }

  bool script(const std::string& text) {
    out_.script_args = {"/bin/sh", "-c",
                        replaced(replaced(text, "$SERVICE_IP", of_.ip),
                                 "$SERVICE_PORT", std::to_string(of_.port))};
    return true;
  }

  bool ttl(const std::string& text) {
    out_.ttl = text;
    return !text.empty();
  }

  bool grpc() {
    out_.grpc = address_text(of_);
    out_.timeout = span("check_timeout", "");
    out_.grpc_use_tls = !get("check_grpc_use_tls").empty();
    out_.tls_skip_verify =
      out_.grpc_use_tls && !get("check_tls_skip_verify").empty();
    return true;
  }

  const service& of_;
  const attribute_map& attributes_;
  std::vector<std::string>& notes_;
  consul_check out_;
};

/// "check_2_http" is "check_http" of check 2; plain ones are of check 0.
std::map<std::uint64_t, attribute_map> grouped(const attribute_map& from) {
  constexpr std::string_view prefix = "check_";
  std::map<std::uint64_t, attribute_map> out;
  for (const auto& [name, value] : from) {
    if (!name.starts_with(prefix))
      continue;
    const auto rest = std::string_view{name}.substr(prefix.size());
    const auto cut = rest.find('_');
    const auto number =
      cut == rest.npos ? std::nullopt : parse_uint(rest.substr(0, cut));
    if (number)
      out[*number]["check_" + std::string{rest.substr(cut + 1)}] = value;
    else
      out[0][name] = value;
  }
  return out;
}

} // namespace

std::vector<consul_check> checks_of(const service& x,
                                    std::vector<std::string>& notes) {
  std::vector<consul_check> out;
  for (const auto& [number, attributes] : grouped(x.attributes))
    if (auto check = builder{x, attributes, notes}.build())
      out.push_back(std::move(*check));
  return out;
}

} // namespace praetor::registrator
