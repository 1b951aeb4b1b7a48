#include "tools/praetor/completion.hpp"

#include "runtime/base/text.hpp"
#include "runtime/config/flags.hpp"
#include "tools/praetor/commands.hpp"

#include <algorithm>
#include <set>

namespace praetor::tools {

namespace {

/// The longest command that `words` begins with, and what is below it.
struct place {
  const command* found = nullptr;
  std::string name;
};

place find_place(const std::vector<std::string>& words) {
  place out;
  std::string name;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    name.append(i == 0 ? "" : " ").append(words[i]);
    const auto table = all_commands();
    const auto at = std::ranges::find(table, std::string_view{name},
                                      [](const auto* x) { return x->name; });
    if (at == table.end())
      break;
    out = {*at, name};
  }
  return out;
}

std::vector<flag_spec> flags_of(const command& x) {
  if (&x == &agent_command || &x == &validate_command) {
    const auto specs =
      &x == &agent_command ? config::agent_flags() : config::validate_flags();
    return {specs.begin(), specs.end()};
  }
  return all_flags(x);
}

void add_if_begins(std::set<std::string>& out, std::string word,
                   std::string_view begin) {
  if (word.starts_with(begin))
    out.insert(std::move(word));
}

} // namespace

std::vector<std::string> completions(const std::vector<std::string>& words) {
  if (words.empty())
    return {};
  const auto& last = words.back();
  const auto here = find_place(words);
  const auto prefix = here.name.empty() ? "" : here.name + " ";
  std::set<std::string> out;
  for (const auto* x : all_commands()) {
    if (!x->name.starts_with(prefix) || x->name == prefix)
      continue;
    const auto rest = x->name.substr(prefix.size());
    // Subcommands only follow their group at once.
    const bool direct = words.size() == 1
                        || (here.found != nullptr && here.found->run == nullptr
                            && here.found->run_raw == nullptr);
    if (direct && rest.find(' ') == std::string_view::npos)
      add_if_begins(out, std::string{rest}, last);
  }
  if (here.found != nullptr && last.starts_with('-'))
    for (const auto& flag : flags_of(*here.found))
      add_if_begins(out, "-" + std::string{flag.name}, last);
  return {out.begin(), out.end()};
}

std::string complete_line(std::string_view line, std::string_view point) {
  line = line.substr(0, parse_uint(point).value_or(line.size()));
  std::vector<std::string> words{""};
  for (char c : line) {
    if (c != ' ')
      words.back().push_back(c);
    else if (!words.back().empty())
      words.emplace_back();
  }
  words.erase(words.begin()); // the binary's name
  std::string out;
  for (const auto& word : completions(words))
    out.append(word).append("\n");
  return out;
}

std::string completion_script(std::string_view shell) {
  const std::string lines = "complete -o default -C praetor praetor\n"
                            "complete -o default -C consul consul\n";
  if (shell == "bash")
    return lines;
  if (shell == "zsh")
    return "autoload -U +X bashcompinit && bashcompinit\n" + lines;
  return {};
}

} // namespace praetor::tools
