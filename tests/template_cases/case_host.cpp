#include "tests/template_cases/case_host.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace praetor::templates::cases {

namespace {

std::string read_file(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

std::string shell_quoted(const std::string& text) {
  std::string out = "'";
  for (const auto c : text)
    out += c == '\'' ? R"('\'')" : std::string(1, c);
  return out + "'";
}

} // namespace

std::optional<std::string> case_host::variable(const std::string& name) {
  const auto i = variables.find(name);
  if (i != variables.end())
    return i->second;
  const char* inherited = std::getenv(name.c_str());
  if (inherited == nullptr)
    return std::nullopt;
  return inherited;
}

std::int64_t case_host::now_ns() {
  using namespace std::chrono;
  return duration_cast<nanoseconds>(system_clock::now().time_since_epoch())
    .count();
}

result<program_outcome>
case_host::run_program(const std::vector<std::string>& arguments) {
  char folder[] = "/tmp/praetor-case-XXXXXX";
  if (mkdtemp(folder) == nullptr)
    return error{errc::io_error, "no temporary folder"};
  const std::string base = folder;
  std::string line;
  for (const auto& argument : arguments)
    line += shell_quoted(argument) + " ";
  line += ">" + base + "/out 2>" + base + "/err";
  const int status = std::system(line.c_str());
  program_outcome out{read_file(base + "/out"), read_file(base + "/err"), ""};
  std::filesystem::remove_all(base);
  const int code = WEXITSTATUS(status);
  constexpr int not_found = 127;
  if (code == not_found)
    return error{errc::io_error, "exec: \"" + arguments[0]
                                   + "\": executable file not found in $PATH"};
  if (code != 0)
    out.failure = "exit status " + std::to_string(code);
  return out;
}

status case_host::write_file(const file_order& order) {
  const std::filesystem::path path{order.path};
  std::error_code flaw;
  std::filesystem::create_directories(path.parent_path(), flaw);
  std::ofstream out{path, order.append ? std::ios::app : std::ios::trunc};
  out << order.content;
  if (!out.flush())
    return error{errc::io_error, "cannot write " + order.path};
  return ok;
}

std::vector<interface_address> case_host::addresses() {
  return {{"lo", "127.0.0.1", 8, true, true, false},
          {"eth0", "10.1.2.3", 24, true, false, true},
          {"eth1", "203.0.113.9", 24, true, false, false}};
}

} // namespace praetor::templates::cases
