// Runs recorded cases of the template language against the core.

#pragma once

#include <rapidjson/document.h>

#include <optional>
#include <string>

namespace praetor::templates::cases {

/// Runs one case of the language (text/template itself). Returns what is
/// wrong, if anything.
std::optional<std::string> run_lang_case(const rapidjson::Value& x);

/// Runs one case with data of Consul: rendered in passes against a model of
/// Consul that answers as the real one does.
std::optional<std::string> run_consul_case(const rapidjson::Value& x);

/// Returns a member as text; "" if there is none.
std::string text_member(const rapidjson::Value& x, const char* name);

} // namespace praetor::templates::cases
