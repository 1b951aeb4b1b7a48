// Commands as bytes: a version, then the command.

#include "actors/state/messages.hpp"
#include "runtime/base/codec.hpp"

namespace praetor::state {

std::string encode_command(const command& x) {
  return encode(command_version, x);
}

result<command> decode_command(std::string_view payload) {
  decoder f{payload};
  std::uint8_t version = 0;
  if (!f(version))
    return error{errc::corruption, "command has no version"};
  if (version != command_version)
    return error{errc::rejected, "command of version " + std::to_string(version)
                                   + " is not known; this server knows version "
                                   + std::to_string(command_version)
                                   + ": install the newer praetor"};
  command x;
  if (!f(x) || !f.rest().empty())
    return error{errc::corruption, "command does not decode"};
  return x;
}

} // namespace praetor::state
