// Runs files of recorded cases: template_cases [-v] PATH...
//
// A PATH is a file or a folder of files, each a JSON array of cases. Cases
// with "template_name" are of the language itself, others use Consul's data.
// Prints what fails and, at the end, `N passed, N failed`.

#include "tests/template_cases/runner.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

namespace {

namespace cases = praetor::templates::cases;

struct tally {
  int passed = 0;
  int failed = 0;
};

std::vector<std::filesystem::path> files_below(const char* path) {
  if (!std::filesystem::is_directory(path))
    return {path};
  std::vector<std::filesystem::path> out;
  for (const auto& x : std::filesystem::recursive_directory_iterator{path})
    if (x.path().extension() == ".json")
      out.push_back(x.path());
  std::sort(out.begin(), out.end());
  return out;
}

void run_file(const std::filesystem::path& path, bool verbose, tally& sum) {
  std::ifstream in{path, std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  rapidjson::Document document;
  document.Parse(text.data(), text.size());
  if (!in || document.HasParseError() || !document.IsArray()) {
    std::printf("FAILED %s: not a JSON array\n", path.c_str());
    ++sum.failed;
    return;
  }
  for (const auto& x : document.GetArray()) {
    if (!x.IsObject() || !x.HasMember("template"))
      continue; // of another kind
    const auto flaw = x.HasMember("template_name") ? cases::run_lang_case(x)
                                                   : cases::run_consul_case(x);
    ++(flaw ? sum.failed : sum.passed);
    const auto name = cases::text_member(x, "name");
    if (flaw)
      std::printf("FAILED %s: %s\n  %s\n  %s\n", path.filename().c_str(),
                  name.c_str(), cases::text_member(x, "template").c_str(),
                  flaw->c_str());
    else if (verbose)
      std::printf("ok %s\n", name.c_str());
  }
}

} // namespace

int main(int argc, char** argv) {
  tally sum;
  bool verbose = false;
  for (int i = 1; i < argc; ++i) {
    if (std::string{argv[i]} == "-v") {
      verbose = true;
      continue;
    }
    for (const auto& path : files_below(argv[i]))
      run_file(path, verbose, sum);
  }
  std::printf("%d passed, %d failed\n", sum.passed, sum.failed);
  return sum.failed == 0 && sum.passed > 0 ? 0 : 1;
}
