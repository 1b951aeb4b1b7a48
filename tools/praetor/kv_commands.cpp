// `praetor kv ...`: reads and writes keys.

#include "runtime/base/json.hpp"
#include "runtime/base/text.hpp"
#include "tools/praetor/columns.hpp"
#include "tools/praetor/commands.hpp"
#include "tools/praetor/json_value.hpp"
#include "tools/praetor/kv_access.hpp"
#include "tools/praetor/words.hpp"

#include <ostream>

namespace praetor::tools {

namespace {

/// The value of an entry as it was stored.
std::string value_of(const json_value& entry) {
  auto decoded = base64_decode(entry["Value"].text());
  return decoded ? *decoded : "";
}

// -- get ----------------------------------------------------------------------

constexpr flag_spec get_flags[] = {
  {.name = "base64",
   .kind = flag_kind::boolean,
   .help = "Base64 encode the value. The default value is false."},
  {.name = "detailed",
   .kind = flag_kind::boolean,
   .help = "Provide additional metadata about the key in addition to the value "
           "such as the ModifyIndex and any flags that may have been set on "
           "the key. The default value is false."},
  {.name = "keys",
   .kind = flag_kind::boolean,
   .help = "List keys which start with the given prefix, but not their values. "
           "This is especially useful if you only need the key names "
           "themselves. This option is commonly combined with the -separator "
           "option. The default value is false."},
  {.name = "recurse",
   .kind = flag_kind::boolean,
   .help = "Recursively look at all keys prefixed with the given path. The "
           "default value is false."},
  {.name = "separator",
   .help = "String to use as a separator between keys. The default value is "
           "\"/\", but this option is only taken into account when paired with "
           "the -keys flag.",
   .preset = "/"},
};
constexpr std::string_view get_usage =
  R"(Usage: consul kv get [options] [KEY_OR_PREFIX]

  Retrieves the value from Consul's key-value store at the given key name. If no
  key exists with that name, an error is returned. If a key exists with that
  name but has no data, nothing is returned. If the name or prefix is omitted,
  it defaults to "" which is the root of the key-value store.

  To retrieve the value for the key named "foo" in the key-value store:

      $ consul kv get foo

  This will return the original, raw value stored in Consul. To view detailed
  information about the key, specify the "-detailed" flag. This will output all
  known metadata about the key including ModifyIndex and any user-supplied
  flags:

      $ consul kv get -detailed foo

  To treat the path as a prefix and list all keys which start with the given
  prefix, specify the "-recurse" flag:

      $ consul kv get -recurse foo

  This will return all key-value pairs. To just list the keys which start with
  the specified prefix, use the "-keys" option instead:

      $ consul kv get -keys foo

  For a full list of options and examples, please see the Consul documentation.
)";

void print_detailed(const json_value& entry, const std::string& shown,
                    std::ostream& out) {
  const auto session = std::string{entry["Session"].text()};
  out << tab_written({{"CreateIndex", entry["CreateIndex"].content},
                      {"Flags", entry["Flags"].content},
                      {"Key", entry["Key"].content},
                      {"LockIndex", entry["LockIndex"].content},
                      {"ModifyIndex", entry["ModifyIndex"].content},
                      {"Session", session.empty() ? "-" : session},
                      {"Value", shown}});
}

std::string shown_value(const invocation& call, const json_value& entry) {
  return call.flags.boolean("base64") ? std::string{entry["Value"].text()}
                                      : value_of(entry);
}

int get_keys(invocation& call, const std::string& prefix) {
  const auto found = query_keys(
    call,
    {.path = key_path(prefix),
     .query = {{"keys", ""}, {"separator", call.flags.string("separator")}}});
  if (!found)
    return 1;
  for (const auto& key : found->items)
    call.io.out << key.text() << '\n';
  return 0;
}

int get_tree(invocation& call, const std::string& prefix) {
  const auto found =
    query_keys(call, {.path = key_path(prefix), .query = {{"recurse", ""}}});
  if (!found)
    return 1;
  bool first = true;
  for (const auto& entry : found->items) {
    const auto shown = shown_value(call, entry);
    if (!call.flags.boolean("detailed")) {
      call.io.out << entry["Key"].text() << ':' << shown << '\n';
      continue;
    }
    if (!first)
      call.io.out << '\n';
    first = false;
    print_detailed(entry, shown, call.io.out);
  }
  return 0;
}

int get_one(invocation& call, const std::string& key) {
  const auto found = query_keys(call, {.path = key_path(key)});
  if (!found)
    return 1;
  if (found->items.empty())
    return call.fail("Error! No key exists at: " + key);
  const auto& entry = found->items.front();
  const auto shown = shown_value(call, entry);
  if (call.flags.boolean("detailed"))
    print_detailed(entry, shown, call.io.out);
  else
    call.io.out << shown << '\n';
  return 0;
}

int run_get(invocation& call) {
  if (call.too_many(1))
    return 1;
  const std::string key{without_slash(first_argument(call))};
  const bool tree = call.flags.boolean("recurse");
  const bool keys = call.flags.boolean("keys");
  if (key.empty() && !tree && !keys)
    return call.fail("Error! Missing KEY argument");
  if (keys)
    return get_keys(call, key);
  return tree ? get_tree(call, key) : get_one(call, key);
}

// -- put ----------------------------------------------------------------------

constexpr flag_spec put_flags[] = {
  {.name = "acquire",
   .kind = flag_kind::boolean,
   .help =
     "Obtain a lock on the key. If the key does not exist, this operation will "
     "create the key and obtain the lock. The session must already exist and "
     "be specified via the -session flag. The default value is false."},
  {.name = "base64",
   .kind = flag_kind::boolean,
   .help = "Treat the data as base 64 encoded. The default value is false."},
  {.name = "cas",
   .kind = flag_kind::boolean,
   .help =
     "Perform a Check-And-Set operation. Specifying this value also requires "
     "the -modify-index flag to be set. The default value is false."},
  {.name = "flags",
   .kind = flag_kind::unsigned_integer,
   .help =
     "Unsigned integer value to assign to this key-value pair. This value is "
     "not read by Consul, so clients can use this value however makes sense "
     "for their use case. The default value is 0 (no flags)."},
  {.name = "modify-index",
   .kind = flag_kind::unsigned_integer,
   .help = "Unsigned integer representing the ModifyIndex of the key. This is "
           "used in combination with the -cas flag."},
  {.name = "release",
   .kind = flag_kind::boolean,
   .help = "Forfeit the lock on the key at the given path. This requires the "
           "-session flag to be set. The key must be held by the session in "
           "order to be unlocked. The default value is false."},
  {.name = "session",
   .help =
     "User-defined identifer for this session as a string. This is commonly "
     "used with the -acquire and -release operations to build robust locking, "
     "but it can be set on any key. The default value is empty (no session)."},
};
constexpr std::string_view put_usage =
  R"(Usage: consul kv put [options] KEY [DATA]

  Writes the data to the given path in the key-value store. The data can be of
  any type.

      $ consul kv put config/redis/maxconns 5

  The data can also be consumed from a file on disk by prefixing with the "@"
  symbol. For example:

      $ consul kv put config/program/license @license.lic

  Or it can be read from stdin using the "-" symbol:

      $ echo "abcd1234" | consul kv put config/program/license -

  The DATA argument itself is optional. If omitted, this will create an empty
  key-value pair at the specified path:

      $ consul kv put webapp/beta/active

  If the -base64 flag is specified, the data will be treated as base 64
  encoded.

  To perform a Check-And-Set operation, specify the -cas flag with the
  appropriate -modify-index flag corresponding to the key you want to perform
  the CAS operation on:

      $ consul kv put -cas -modify-index=844 config/redis/maxconns 5

  Additional flags and more advanced use cases are detailed below.
)";

std::optional<std::string> put_refusal(const invocation& call) {
  const auto count = call.arguments().size();
  if (count == 0)
    return "Error! Missing KEY argument";
  if (count > 2)
    return "Error! Too many arguments (expected 1 or 2, got "
           + std::to_string(count) + ")";
  const auto& flags = call.flags;
  if (flags.boolean("cas") && flags.unsigned_integer("modify-index") == 0)
    return "Must specify -modify-index with -cas!";
  if ((flags.boolean("acquire") || flags.boolean("release"))
      && flags.string("session").empty())
    return "Error! Missing -session (required with -acquire and -release)";
  return std::nullopt;
}

api_request put_request(const invocation& call, std::string data) {
  const auto& flags = call.flags;
  const auto& key = call.arguments().front();
  api_request out{
    .method = "PUT", .path = key_path(key), .body = std::move(data)};
  if (const auto number = flags.unsigned_integer("flags"); number != 0)
    out.query.emplace("flags", std::to_string(number));
  if (flags.boolean("cas"))
    out.query.emplace("cas",
                      std::to_string(flags.unsigned_integer("modify-index")));
  else if (flags.boolean("acquire"))
    out.query.emplace("acquire", flags.string("session"));
  else if (flags.boolean("release"))
    out.query.emplace("release", flags.string("session"));
  return out;
}

int report_put(invocation& call, bool done) {
  const auto& key = call.arguments().front();
  const auto& flags = call.flags;
  if (flags.boolean("cas") && !done)
    return call.fail("Error! Did not write to " + key + ": CAS failed");
  if (flags.boolean("cas"))
    call.io.out << "Success! Data written to: " << key << '\n';
  else if (flags.boolean("acquire") && !done)
    return call.fail("Error! Did not acquire lock");
  else if (flags.boolean("acquire"))
    call.io.out << "Success! Lock acquired on: " << key << '\n';
  else if (flags.boolean("release") && !done)
    return call.fail("Error! Did not release lock");
  else if (flags.boolean("release"))
    call.io.out << "Success! Lock released on: " << key << '\n';
  else
    call.io.out << "Success! Data written to: " << key << '\n';
  return 0;
}

int run_put(invocation& call) {
  if (const auto refusal = put_refusal(call))
    return call.fail(*refusal);
  const auto& args = call.arguments();
  auto data = resolve_data(args.size() > 1 ? args[1] : "", call.io);
  if (!data)
    return call.fail("Error! " + data.error().context);
  if (call.flags.boolean("base64")) {
    data = base64_decode(*data);
    if (!data)
      return call.fail("Error! Cannot base 64 decode data: "
                       + data.error().context);
  }
  if (args.front().starts_with('/'))
    return call.fail("Error! Failed writing data: Invalid key. Key must not "
                     "begin with a '/': "
                     + args.front());
  auto api = call.connect();
  if (!api)
    return 1;
  const auto answer = api->demand(put_request(call, std::move(*data)));
  if (!answer)
    return call.fail("Error! Failed writing data: " + answer.error().context);
  return report_put(call, answer->body.find("true") != std::string::npos);
}

// -- delete -------------------------------------------------------------------

constexpr flag_spec delete_flags[] = {
  {.name = "cas",
   .kind = flag_kind::boolean,
   .help =
     "Perform a Check-And-Set operation. Specifying this value also requires "
     "the -modify-index flag to be set. The default value is false."},
  {.name = "modify-index",
   .kind = flag_kind::unsigned_integer,
   .help = "Unsigned integer representing the ModifyIndex of the key. This is "
           "used in combination with the -cas flag."},
  {.name = "recurse",
   .kind = flag_kind::boolean,
   .help =
     "Recursively delete all keys with the path. The default value is false."},
};
constexpr std::string_view delete_usage =
  R"(Usage: consul kv delete [options] KEY_OR_PREFIX

  Removes the value from Consul's key-value store at the given path. If no
  key exists at the path, no action is taken.

  To delete the value for the key named "foo" in the key-value store:

      $ consul kv delete foo

  To delete all keys which start with "foo", specify the -recurse option:

      $ consul kv delete -recurse foo

  This will delete the keys named "foo", "food", and "foo/bar/zip" if they
  existed.
)";

std::optional<std::string> delete_refusal(const invocation& call) {
  const auto& flags = call.flags;
  const auto index = flags.unsigned_integer("modify-index");
  if (first_argument(call).empty() && !flags.boolean("recurse"))
    return "Error! Missing KEY argument";
  if (flags.boolean("cas") && index == 0)
    return "Must specify -modify-index with -cas!";
  if (!flags.boolean("cas") && index != 0)
    return "Cannot specify -modify-index without -cas!";
  if (flags.boolean("cas") && flags.boolean("recurse"))
    return "Cannot specify both -cas and -recurse!";
  return std::nullopt;
}

int run_delete(invocation& call) {
  if (call.too_many(1))
    return 1;
  if (const auto refusal = delete_refusal(call))
    return call.fail(*refusal);
  const auto& flags = call.flags;
  const std::string key{without_slash(first_argument(call))};
  api_request request{.method = "DELETE", .path = key_path(key)};
  if (flags.boolean("recurse"))
    request.query.emplace("recurse", "");
  if (flags.boolean("cas"))
    request.query.emplace(
      "cas", std::to_string(flags.unsigned_integer("modify-index")));
  auto api = call.connect();
  if (!api)
    return 1;
  const auto answer = api->demand(request);
  if (!answer)
    return call.fail(
      "Error! Did not delete "
      + std::string{flags.boolean("recurse") ? "prefix " : "key "} + key + ": "
      + answer.error().context);
  if (flags.boolean("recurse"))
    call.io.out << "Success! Deleted keys with prefix: " << key << '\n';
  else if (answer->body.find("true") == std::string::npos)
    return call.fail("Error! Did not delete key " + key + ": CAS failed");
  else
    call.io.out << "Success! Deleted key: " << key << '\n';
  return 0;
}

constexpr std::string_view kv_usage =
  R"(Usage: consul kv <subcommand> [options] [args]

  This command has subcommands for interacting with Consul's key-value
  store. Here are some simple examples, and more detailed examples are
  available in the subcommands or the documentation.

  Create or update the key named "redis/config/connections" with the value "5":

      $ consul kv put redis/config/connections 5

  Read this value back:

      $ consul kv get redis/config/connections

  Or get detailed key information:

      $ consul kv get -detailed redis/config/connections

  Finally, delete the key:

      $ consul kv delete redis/config/connections

  For more examples, ask for subcommand help or view the documentation.
)";

constexpr auto with_namespace = api_flags::server_and_namespace;

} // namespace

const command kv_command = {.name = "kv",
                            .synopsis = "Interact with the key-value store",
                            .usage = kv_usage};

const command kv_get_command = {.name = "kv get",
                                .synopsis =
                                  "Retrieves or lists data from the KV store",
                                .usage = get_usage,
                                .flags = get_flags,
                                .api = with_namespace,
                                .run = run_get};

const command kv_put_command = {.name = "kv put",
                                .synopsis =
                                  "Sets or updates data in the KV store",
                                .usage = put_usage,
                                .flags = put_flags,
                                .api = with_namespace,
                                .run = run_put};

const command kv_delete_command = {.name = "kv delete",
                                   .synopsis = "Removes data from the KV store",
                                   .usage = delete_usage,
                                   .flags = delete_flags,
                                   .api = with_namespace,
                                   .run = run_delete};

} // namespace praetor::tools
