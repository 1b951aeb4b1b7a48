// Whether an address lies in a network such as "10.0.0.0/8". Pure.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace praetor::node {

/// IPv4 and IPv6. Texts that are no address or network match nothing.
bool in_network(std::string_view address, std::string_view network);

bool in_any_network(std::string_view address,
                    const std::vector<std::string>& networks);

} // namespace praetor::node
