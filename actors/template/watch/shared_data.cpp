#include "actors/template/watch/shared_data.hpp"

#include "runtime/base/codec.hpp"

namespace praetor::templates {

namespace {

constexpr char version = 1;

error corrupt() {
  return {errc::corruption, "not the data of a shared template"};
}

} // namespace

template <class Inspector>
auto inspect(Inspector& f, dependency& x) {
  return f(x.what, x.subject, x.tag, x.datacenter, x.near, x.filters, x.query,
           x.ignore_failing);
}

template <class Inspector>
auto inspect(Inspector& f, shared_entry& x) {
  return f(x.what, x.body);
}

std::string encode_shared_data(const std::vector<shared_entry>& entries) {
  std::string out{version};
  encoder to{out};
  to(entries);
  return out;
}

result<std::vector<shared_entry>> decode_shared_data(std::string_view bytes) {
  if (bytes.empty() || bytes.front() != version)
    return corrupt();
  bytes.remove_prefix(1);
  std::vector<shared_entry> out;
  decoder from{bytes};
  if (!from(out) || !from.rest().empty())
    return corrupt();
  for (const auto& x : out)
    if (x.what.what > dependency_kind::imported_services)
      return corrupt();
  return out;
}

} // namespace praetor::templates
