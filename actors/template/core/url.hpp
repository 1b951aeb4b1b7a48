// URLs in parts, named as Sprig names them: scheme, userinfo, host, hostname,
// path, query, opaque, fragment. Pure.

#pragma once

#include <map>
#include <string>
#include <string_view>

namespace praetor::templates {

using url_parts = std::map<std::string, std::string>;

url_parts parse_url(std::string_view text);

std::string join_url(const url_parts& parts);

} // namespace praetor::templates
