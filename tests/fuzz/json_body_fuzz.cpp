// libFuzzer: bytes as JSON bodies of all endpoints that take one. Decoders are
// total: a value or an error, never a crash, whatever the bytes.

#include "api/http/json_decode.hpp"
#include "api/http/registration_decode.hpp"
#include "api/http/txn_decode.hpp"
#include "runtime/base/assert.hpp"
#include "runtime/base/json.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes,
                                      std::size_t size) {
  using namespace praetor;
  const std::string_view body{reinterpret_cast<const char*>(bytes), size};
  (void)http::decode_node_registration(body, "dc1");
  (void)http::decode_node_deregistration(body, "dc1");
  (void)http::decode_service_registration(body);
  (void)http::decode_check_registration(body);
  if (const auto t = http::decode_transaction(body))
    PRAETOR_ASSERT(t->keys.operations.size() + t->catalog.operations.size()
                     + t->errors.size()
                   == t->count);
  if (const auto parsed = http::parse_json(body)) {
    std::string compact;
    http::append_json(*parsed, compact);
    const auto pretty = json_pretty(compact);
    PRAETOR_ASSERT(http::parse_json(pretty));
  }
  return 0;
}
