#include "tools/praetor/kv_access.hpp"

#include <istream>
#include <iterator>

namespace praetor::tools {

namespace {

constexpr int status_ok = 200;
constexpr int status_not_found = 404;

} // namespace

std::string key_path(std::string_view key) {
  return "/v1/kv/" + std::string{key};
}

std::string_view without_slash(std::string_view key) {
  if (key.starts_with('/'))
    key.remove_prefix(1);
  return key;
}

std::string first_argument(const invocation& call) {
  return call.arguments().empty() ? "" : call.arguments().front();
}

result<std::string> resolve_data(const std::string& data, console& io) {
  if (data == "-")
    return std::string{std::istreambuf_iterator<char>{io.in}, {}};
  if (!data.starts_with('@'))
    return data;
  const auto path = data.substr(1);
  auto content = io.read_file(path);
  if (!content)
    return error{errc::io_error, "Failed to read file: open " + path + ": "
                                   + content.error().context};
  return content;
}

std::optional<json_value> query_keys(invocation& call, api_request request) {
  auto api = call.connect();
  if (!api)
    return std::nullopt;
  const auto answer = api->read(std::move(request));
  const std::string prefix = "Error querying Consul agent: ";
  if (!answer) {
    call.fail(prefix + answer.error().context);
    return std::nullopt;
  }
  if (answer->status == status_not_found)
    return json_value{};
  if (answer->status != status_ok) {
    call.fail(prefix
              + "Unexpected response code: " + std::to_string(answer->status));
    return std::nullopt;
  }
  auto tree = parse_json(answer->body);
  if (!tree) {
    call.fail(prefix + tree.error().context);
    return std::nullopt;
  }
  return std::move(*tree);
}

} // namespace praetor::tools
