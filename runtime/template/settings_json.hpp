// The whole configuration as one line of JSON, as the debug log shows it, with
// the original's names. What is secret is replaced. Pure.
// Source: consul-template 0.19.3, folder config.

#pragma once

#include "actors/template/watch/settings.hpp"

#include <string>

namespace praetor::templates {

std::string settings_json(const settings& x);

} // namespace praetor::templates
