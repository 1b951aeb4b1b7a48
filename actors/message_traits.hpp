// Makes our message structs messages for CAF.
//
// A struct that says `using is_message = void;` may be sent between actors of
// this process. CAF never serializes it: what crosses hosts or reaches a disk
// goes through runtime/base/codec.hpp, from a closed list of types. That keeps
// hostile bytes away from CAF, and spares the compiler CAF's serializers.

#pragma once

#include <caf/allowed_unsafe_message_type.hpp>

#include <type_traits>

namespace caf {

template <class T>
requires requires {
  typename T::is_message;
}
struct allowed_unsafe_message_type<T> : std::true_type {};

} // namespace caf
