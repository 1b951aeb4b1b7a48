// Goal: no ?filter= makes the compiler or the evaluator crash, hang or read out
// of bounds. Method: the input is an expression; what compiles is evaluated on
// an element that has everything.
// Run: tools/build fuzz filter_fuzz
//      build/fuzz-build/fuzz/filter_fuzz tests/fuzz/filter_corpus

#include "api/http/filter.hpp"
#include "runtime/base/assert.hpp"
#include "runtime/base/owner.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace {

constexpr const char* entries =
  R"([{"Node":{"Node":"n","Meta":{"k":"v"},)"
  R"("TaggedAddresses":null},"Service":{"ID":"s","Service":"s","Tags":["a"],)"
  R"("Port":80,"Weights":{"Passing":1,"Warning":1},"Meta":null,)"
  R"("EnableTagOverride":false,"Proxy":{"MeshGateway":{},"Expose":{}},)"
  R"("Connect":{}},"Checks":[{"Status":"passing","ServiceTags":[]}]}])";

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes,
                                      std::size_t size) {
  using namespace praetor::http;
  const std::string_view text{reinterpret_cast<const char*>(bytes), size};
  const auto keep = filter::compile(text, filter::health_entry_schema());
  if (!keep)
    return 0;
  const auto kept = filter::keep_matching(*keep, praetor::share(entries));
  PRAETOR_ASSERT(static_cast<bool>(kept));
  PRAETOR_ASSERT(**kept == "[]" || **kept == entries);
  return 0;
}
