#include "actors/registrator/core/metadata.hpp"

#include "runtime/base/text.hpp"

#include <utility>

namespace praetor::registrator {

namespace {

constexpr std::string_view prefix = "SERVICE_";

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

/// Collects values by how specific they are.
class collector {
public:
  collector(std::string_view port, std::string_view protocol)
    : port_{port}, protocol_{std::string{protocol} + "_"} {}

  void add(std::string_view name, const std::string& value) {
    if (!name.starts_with(prefix))
      return;
    const auto key = to_lower(name.substr(prefix.size()));
    const auto cut = key.find('_');
    const auto first = key.substr(0, cut);
    if (cut == key.npos || !is_number(first)) {
      general_[key] = value;
      return;
    }
    if (first != port_)
      return;
    const auto rest = key.substr(cut + 1);
    if (rest.starts_with(protocol_))
      of_protocol_[rest.substr(protocol_.size())] = value;
    else if (!rest.starts_with("tcp_") && !rest.starts_with("udp_"))
      of_port_[rest] = value;
  }

  metadata take() && {
    metadata out;
    out.own_name = own_name();
    for (auto* from : {&of_protocol_, &of_port_, &general_})
      out.values.merge(*from); // keeps what is there
    std::erase_if(out.values, [](const auto& x) { return x.second.empty(); });
    return out;
  }

private:
  bool own_name() const {
    for (const auto* from : {&of_protocol_, &of_port_})
      if (const auto i = from->find("name"); i != from->end())
        return !i->second.empty();
    return false;
  }

  std::string port_;
  std::string protocol_;
  std::map<std::string, std::string> of_protocol_;
  std::map<std::string, std::string> of_port_;
  std::map<std::string, std::string> general_;
};

} // namespace

std::string metadata::get(const std::string& name) const {
  const auto i = values.find(name);
  return i == values.end() ? "" : i->second;
}

metadata metadata_of(const container& x, std::string_view port,
                     std::string_view protocol) {
  collector all{port, protocol};
  for (const auto& entry : x.environment)
    if (const auto equals = entry.find('='); equals != entry.npos)
      all.add(std::string_view{entry}.substr(0, equals),
              entry.substr(equals + 1));
  for (const auto& [name, value] : x.labels)
    all.add(name, value);
  return std::move(all).take();
}

std::vector<std::string> split_tags(std::string_view text) {
  std::vector<std::string> out;
  std::string item;
  const auto finish = [&out, &item] {
    if (!item.empty())
      out.push_back(std::exchange(item, {}));
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i).starts_with("\\,")) {
      item.push_back(',');
      ++i;
    } else if (text[i] == ',') {
      finish();
    } else {
      item.push_back(text[i]);
    }
  }
  finish();
  return out;
}

} // namespace praetor::registrator
