// Any bytes as a template: parse, render in a pass without data and in one
// with data, within small limits. The first byte chooses the settings.

#include "actors/template/core/render.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace {

using namespace praetor;
using namespace praetor::templates;

class fuzz_host final : public host {
public:
  std::optional<std::string> variable(const std::string& name) override {
    return name;
  }
  std::int64_t now_ns() override { return 1'700'000'000'123'456'789; }
  std::uint64_t random() override { return seed_ += 0x9E3779B97F4A7C15; }
  result<program_outcome>
  run_program(const std::vector<std::string>& arguments) override {
    return program_outcome{arguments[0], "", arguments.size() > 2 ? "x" : ""};
  }
  status write_file(const file_order&) override { return ok; }
  std::vector<interface_address> addresses() override {
    return {{"lo", "127.0.0.1", 8, true, true, false},
            {"eth0", "10.1.2.3", 24, true, false, true},
            {"eth0", "fe80::1", 64, true, false, true}};
  }

private:
  std::uint64_t seed_ = 0;
};

/// Answers everything that the template asked for.
void fill(data_cache& data, const std::vector<dependency>& wanted) {
  for (const auto& x : wanted) {
    std::optional<std::string> body =
      R"([{"Key":"a/b","Value":"eyJhIjpbMSwyXX0=","Flags":3,)"
      R"("Node":{"Node":"n","Address":"1.2.3.4","Meta":{"k":"v"}},)"
      R"("Service":{"ID":"i","Service":"s","Port":80,"Tags":["x","y"]}}])";
    if (auto answer = decode_answer(x, body); answer && *answer)
      data.store(x.name(), **answer);
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size == 0)
    return 0;
  const std::string_view text{reinterpret_cast<const char*>(data) + 1,
                              size - 1};
  parse_options how;
  if ((data[0] & 1U) != 0)
    how.left_delimiter = "<%", how.right_delimiter = "%>";
  const auto parsed = parse_template(text, how);
  if (!parsed) {
    if (!parsed.error().context.starts_with("template: "))
      __builtin_trap();
    (void)caret_display(text, parsed.error().context);
    return 0;
  }
  render_options options;
  options.missing = static_cast<missing_key>((data[0] >> 1U) % 3);
  options.bounds = {1U << 16U, 20'000, 1U << 20U};
  fuzz_host machine;
  data_cache cache;
  const auto first = render(*parsed, cache, machine, options);
  fill(cache, first.used);
  const auto second = render(*parsed, cache, machine, options);
  if (second.output.size() > options.bounds.output_bytes_max)
    __builtin_trap();
  if (second.error)
    (void)caret_display(text, *second.error);
  return 0;
}
