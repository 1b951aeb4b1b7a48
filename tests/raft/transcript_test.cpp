// Goal: each rule of our Raft, and each mistake that others made before us, is
// a story that a person can read.
// Method: the files in testdata say what is done and what comes of it. With
// PRAETOR_REWRITE=1 they are written anew; then the difference must be read.

#include "tests/raft/transcript_env.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

using namespace praetor::raft::test;

namespace fs = std::filesystem;

namespace {

std::string slurp(const fs::path& path) {
  std::ifstream in{path};
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

/// Returns the transcript with what its commands print now.
std::string replay(const std::string& transcript) {
  transcript_env env;
  std::istringstream in{transcript};
  std::string out;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("> "))
      out += line + "\n" + env.run(line.substr(2));
    else if (line.empty() || line.starts_with("#"))
      out += line + "\n";
  }
  return out;
}

} // namespace

TEST_CASE("raft: the transcripts happen as written", "[raft][core]") {
  std::vector<fs::path> paths;
  for (const auto& file :
       fs::directory_iterator{PRAETOR_TESTS_DIR "/raft/testdata"})
    paths.push_back(file.path());
  std::sort(paths.begin(), paths.end());
  CHECK(paths.size() >= 30);
  for (const auto& path : paths) {
    DYNAMIC_SECTION(path.stem().string()) {
      const auto expected = slurp(path);
      const auto actual = replay(expected);
      CHECK(actual.find("VIOLATED") == std::string::npos);
      CHECK(actual.find("no such") == std::string::npos);
      if (std::getenv("PRAETOR_REWRITE") != nullptr)
        std::ofstream{path} << actual;
      else
        CHECK(actual == expected);
    }
  }
}
