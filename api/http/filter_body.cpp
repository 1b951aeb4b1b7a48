#include "api/http/filter.hpp"
#include "api/http/json_slices.hpp"

#include <array>
#include <optional>

namespace praetor::http::filter {

namespace {

error garbled() {
  return {errc::corruption, "an answer to be filtered is not JSON"};
}

/// Parses elements one after the other into the same memory.
class element_parser {
public:
  /// The element is valid until the next call.
  const rapidjson::Value* parse(std::string_view json) {
    document_.reset();
    pool_.Clear();
    document_.emplace(&pool_);
    document_->Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
    return document_->HasParseError() ? nullptr : &*document_;
  }

private:
  std::array<char, 16384> first_chunk_;
  rapidjson::MemoryPoolAllocator<> pool_{first_chunk_.data(),
                                         first_chunk_.size()};
  std::optional<rapidjson::Document> document_;
};

result<std::string> kept(const predicate& keep, std::string_view json) {
  const auto parts = slice_json(json);
  if (!parts)
    return garbled();
  element_parser elements;
  std::string out{json.front()};
  for (const auto& part : *parts) {
    const auto* element = elements.parse(part.value);
    if (element == nullptr)
      return garbled();
    if (keep.matches(*element))
      out.append(out.size() > 1 ? "," : "").append(part.whole);
  }
  out.push_back(json.back());
  return out;
}

bool has_parts(std::string_view json) {
  return json.starts_with('[') || json.starts_with('{');
}

} // namespace

result<shared_text> keep_matching(const predicate& keep, shared_text body) {
  if (!body || !has_parts(*body))
    return body;
  auto out = kept(keep, *body);
  if (!out)
    return out.error();
  return share(std::move(*out));
}

result<shared_text> keep_matching_in(const predicate& keep, shared_text body,
                                     std::string_view name) {
  if (!body || !has_parts(*body))
    return body;
  const auto parts = slice_json(*body);
  if (!parts)
    return garbled();
  const auto value = slice_of(*parts, name);
  if (!has_parts(value))
    return body;
  auto inner = kept(keep, value);
  if (!inner)
    return inner.error();
  const std::string_view all{*body};
  const auto before = static_cast<std::size_t>(value.data() - all.data());
  std::string out{all.substr(0, before)};
  out.append(*inner).append(all.substr(before + value.size()));
  return share(std::move(out));
}

} // namespace praetor::http::filter
