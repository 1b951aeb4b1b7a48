#include "runtime/config/load.hpp"

#include "runtime/config/hcl.hpp"
#include "runtime/config/schema.hpp"

#include <algorithm>

namespace praetor::config {

namespace {

error refuse(std::string text) {
  return error{errc::invalid_argument, std::move(text)};
}

bool is_format(std::string_view format) {
  return format == "hcl" || format == "json";
}

/// Returns "hcl", "json" or "" for other extensions.
std::string_view format_of(std::string_view path) {
  if (path.ends_with(".json"))
    return "json";
  return path.ends_with(".hcl") ? "hcl" : "";
}

std::string join_path(std::string_view directory, std::string_view name) {
  std::string out{directory};
  while (out.size() > 1 && out.ends_with('/'))
    out.pop_back();
  if (!out.ends_with('/'))
    out.push_back('/');
  return out.append(name);
}

std::string decoding_errors(const std::vector<std::string>& texts) {
  auto out = std::to_string(texts.size()) + " error(s) decoding:\n";
  for (const auto& text : texts)
    out.append("\n* ").append(text);
  return out;
}

/// Reads source after source into one `settings`.
class loader {
public:
  loader(const flag_sources& sources, const file_system& files,
         const environment& host)
    : sources_{sources}, files_{files}, host_{host} {}

  result<loaded> run() {
    for (auto step : {&loader::read_sources, &loader::finish})
      if (auto done = (this->*step)(); !done)
        return done.error();
    return loaded{std::move(config_), std::move(found_.warnings)};
  }

private:
  status read_sources() {
    if (!sources_.format.empty() && !is_format(sources_.format))
      return refuse("config: -config-format must be either 'hcl' or 'json'");
    if (sources_.dev)
      apply_dev_defaults(config_);
    if (auto done = decode(sources_.lists, "command line", false); !done)
      return done;
    for (const auto& path : sources_.paths)
      if (auto done = read_path(path); !done)
        return done;
    if (auto done = decode(sources_.scalars, "command line", false); !done)
      return done;
    for (std::size_t i = 0; i < sources_.fragments.size(); ++i) {
      auto name = "flags-" + std::to_string(i) + ".hcl";
      if (auto done = parse(sources_.fragments[i], name, "hcl"); !done)
        return done;
    }
    return ok;
  }

  status finish() {
    if (auto done = resolve(config_, host_, found_); !done)
      return done;
    if (auto done = check_data_dir(); !done)
      return done;
    return validate(config_, found_);
  }

  status check_data_dir() {
    if (config_.data_dir.empty() || config_.dev)
      return ok;
    auto kind = files_.kind_of(config_.data_dir);
    if (!kind && kind.error().code != errc::not_found)
      return refuse("Error getting info on data_dir: stat " + config_.data_dir
                    + ": " + kind.error().context);
    if (kind && *kind != path_kind::directory)
      return refuse("data_dir " + go_quote(config_.data_dir)
                    + " is not a directory");
    return ok;
  }

  // -- files ----------------------------------------------------------------

  static error open_failed(const std::string& path, const error& reason) {
    return error{errc::io_error, "config: Open failed on " + path + ". open "
                                   + path + ": " + reason.context};
  }

  status read_path(const std::string& path) {
    auto kind = files_.kind_of(path);
    if (!kind)
      return open_failed(path, kind.error());
    if (*kind != path_kind::directory)
      return read_file(path);
    auto names = files_.list(path);
    if (!names)
      return open_failed(path, names.error());
    std::ranges::sort(*names);
    for (const auto& name : *names) {
      auto file = join_path(path, name);
      auto inside = files_.kind_of(file);
      // A link that leads nowhere is refused like a file that cannot be read.
      if (!inside)
        return open_failed(file, inside.error());
      if (*inside == path_kind::directory)
        continue;
      if (auto done = read_file(file); !done)
        return done;
    }
    return ok;
  }

  status read_file(const std::string& path) {
    auto format = sources_.format.empty() ? format_of(path) : sources_.format;
    if (format.empty()) {
      found_.warnings.push_back("skipping file " + path
                                + ", extension must be .hcl or .json, or "
                                  "config format must be set");
      return ok;
    }
    auto text = files_.read(path);
    if (!text)
      return open_failed(path, text.error());
    return parse(*text, path, format);
  }

  // -- sources --------------------------------------------------------------

  status parse(std::string_view text, const std::string& name,
               std::string_view format) {
    auto tree = format == "json" ? parse_json(text) : parse_hcl(text);
    if (!tree)
      return refuse("failed to parse " + name + ": " + tree.error().context);
    return decode(*tree, name, format == "json");
  }

  status decode(const value& tree, const std::string& name, bool json) {
    findings found;
    decoder in{{.name = name, .json = json, .unsupported = is_unsupported},
               found};
    in.read(tree, config_);
    auto move_to = [](std::vector<std::string>& from,
                      std::vector<std::string>& to) {
      std::ranges::move(from, std::back_inserter(to));
    };
    move_to(found.warnings, found_.warnings);
    move_to(found.bad_values, found_.errors);
    if (!found.wrong_types.empty())
      return refuse("failed to parse " + name + ": "
                    + decoding_errors(found.wrong_types));
    if (!found.unknown_keys.empty())
      return refuse("failed to parse " + name + ": "
                    + error_list(found.unknown_keys));
    return ok;
  }

  const flag_sources& sources_;
  const file_system& files_;
  const environment& host_;
  settings config_;
  problems found_;
};

std::string with_line_end(std::string text) {
  return std::move(text.append("\n"));
}

/// Returns Go's rendering of a list of words: "[a b]".
std::string bracketed(const std::vector<std::string>& words) {
  std::string out = "[";
  for (const auto& word : words)
    out.append(out.size() > 1 ? " " : "").append(word);
  return out.append("]");
}

} // namespace

result<loaded> load(const flag_sources& sources, const file_system& files,
                    const environment& host) {
  return loader{sources, files, host}.run();
}

agent_start prepare_agent(std::span<const std::string> args,
                          const file_system& files, const environment& host) {
  if (wants_help(args))
    return {{}, {.out = with_line_end(agent_help())}};
  auto fail = [](std::string text) {
    return agent_start{{}, {.exit_code = 1, .err = std::move(text)}};
  };
  auto flags = parse_flags(agent_flags(), args);
  if (!flags)
    return fail(with_line_end(flags.error().context)
                + flag_usage(agent_flags()));
  if (!flags->arguments().empty())
    return fail("==> Unexpected extra arguments: "
                + bracketed(flags->arguments()) + "\n");
  auto out = load(sources_of(*flags), files, host);
  if (!out)
    return fail(with_line_end("==> " + out.error().context));
  return {std::move(*out), {}};
}

command_outcome run_validate(std::span<const std::string> args,
                             const file_system& files,
                             const environment& host) {
  if (wants_help(args))
    return {.out = with_line_end(validate_help())};
  auto flags = parse_flags(validate_flags(), args);
  if (!flags)
    return {.exit_code = 1,
            .err = with_line_end(flags.error().context)
                   + flag_usage(validate_flags())};
  if (flags->arguments().empty())
    return {.exit_code = 1,
            .err = "Must specify at least one config file or directory\n"};
  const auto& format = flags->string("config-format");
  if (!format.empty() && !is_format(format))
    return {.exit_code = 1,
            .err = "-config-format must be either 'hcl' or 'json\n"};
  flag_sources sources;
  sources.format = format;
  sources.paths = flags->arguments();
  sources.lists.data = sources.scalars.data = value_object{};
  auto out = load(sources, files, host);
  if (!out)
    return {.exit_code = 1,
            .err = "Config validation failed: " + out.error().context + "\n"};
  command_outcome end;
  if (flags->boolean("quiet"))
    return end;
  for (const auto& warning : out->warnings)
    end.err.append(warning).append("\n");
  end.out = "Configuration is valid!\n";
  return end;
}

} // namespace praetor::config
